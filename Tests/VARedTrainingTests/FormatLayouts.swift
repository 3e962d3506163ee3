// The layouts of docs/DATA.md with videos in them: lists and tables that name files.

extension FormatLayout {
  /// Every form of lists, tables and folders.
  static let all = tables + lists + folders + knownSets

  static let tables = [
    FormatLayout(
      name: "table path,label,split", data: "labels.csv", format: "CSV path,label,split",
      lists: [
        "labels.csv": """
        path,label,split
        run/a.mp4,run,train
        run/b.AVI,run,train
        "walk, slow/c.mkv",walk,train
        walk/d.mov,walk,train
        walk/gone.mp4,walk,train
        run/e.mp4,run,val
        walk/f.webm,walk,val
        run/lost.mp4,run,val

        """
      ],
      classes: ["run", "walk"],
      train: [
        Clip("run/a.mp4", "run"), Clip("run/b.AVI", "run"), Clip("walk, slow/c.mkv", "walk"),
        Clip("walk/d.mov", "walk"),
      ],
      val: [Clip("run/e.mp4", "run"), Clip("walk/f.webm", "walk")],
      missing: ["train": ["walk/gone.mp4"], "val": ["run/lost.mp4"]]),
    FormatLayout(
      name: "tables of a split each, other names, semicolons", data: "lists/train.csv",
      videos: "clips", format: "CSV path,label",
      lists: [
        "lists/train.csv":
          "clip_id;clip_path;class\n1;/old/place/a.mp4;9\n2;/old/place/b.mp4;10\n"
          + "3;/old/place/gone.mp4;9\n",
        "lists/val.csv": "clip_id;clip_path;class\n4;/old/place/v.mp4;10\n",
      ],
      classes: ["9", "10"], train: [Clip("clips/a.mp4", "9"), Clip("clips/b.mp4", "10")],
      val: [Clip("clips/v.mp4", "10")], missing: ["train": ["gone.mp4"]]),
    FormatLayout(
      name: "table with several labels", data: "labels.csv", format: "CSV path,label,split",
      lists: [
        "labels.csv":
          "video,labels,split\na.mp4,run|wave,train\nb.mp4,,train\nc.mp4,wave,train\n"
          + "d.mp4,jump|run,train\nv.mp4,jump,val\nw.mp4,,val\ngone.mp4,run,val\n"
      ],
      classes: ["jump", "run", "wave"],
      train: [
        Clip("a.mp4", "run", "wave"), Clip("b.mp4"), Clip("c.mp4", "wave"),
        Clip("d.mp4", "jump", "run"),
      ],
      val: [Clip("v.mp4", "jump"), Clip("w.mp4")], missing: ["val": ["gone.mp4"]],
      isMultiLabel: true),
    FormatLayout(
      name: "one metadata.csv", data: "", format: "CSV path,label",
      lists: [
        "metadata.csv":
          "file_name,label\ntrain/a.mp4,x\ntrain/b.mp4,y\ntrain/gone.mp4,y\ntest/c.mp4,y\n"
      ],
      classes: ["x", "y"], train: [Clip("train/a.mp4", "x"), Clip("train/b.mp4", "y")],
      val: [Clip("test/c.mp4", "y")], missing: ["train": ["train/gone.mp4"]]),
  ]

  static let lists = [
    FormatLayout(
      name: "list path label", data: "train.csv", format: "list `path label`",
      lists: [
        "train.csv": "v/a b (1).mp4 0\nv/c.mp4 10\nv/gone.mp4 9\nv/d.mp4 9\nv/e.mp4 9\n",
        "val.csv": "v/f.mp4 10\n", "test.csv": "v/f.mp4 10\n",
      ],
      classes: ["0", "9", "10"],
      train: [
        Clip("v/a b (1).mp4", "0"), Clip("v/c.mp4", "10"), Clip("v/d.mp4", "9"),
        Clip("v/e.mp4", "9"),
      ],
      val: [Clip("v/f.mp4", "10")], missing: ["train": ["v/gone.mp4"]]),
    FormatLayout(
      name: "list path,label with an index", data: "train.txt", format: "list `path,label`",
      lists: [
        "train.txt": "v/a, b.mp4,2\nv/c.mp4,1\n", "val.txt": "v/d.mp4,2\nv/gone.mp4,1\n",
        "classes.txt": "walk\nrun\nnever\n",
      ],
      classes: ["walk", "run", "never"],
      train: [Clip("v/a, b.mp4", "never"), Clip("v/c.mp4", "run")],
      val: [Clip("v/d.mp4", "never")], missing: ["val": ["v/gone.mp4"]]),
    FormatLayout(
      name: "list path;label", data: "all_train.csv", format: "list `path;label`",
      lists: [
        "all_train.csv": "\"v/a; b.mp4\";1\nv/c.mp4;2\nv/gone.mp4;2\n",
        "all_validation.csv": "v/d.mp4;2\n",
      ],
      classes: ["1", "2"], train: [Clip("v/a; b.mp4", "1"), Clip("v/c.mp4", "2")],
      val: [Clip("v/d.mp4", "2")], missing: ["train": ["v/gone.mp4"]]),
    FormatLayout(
      name: "list path<tab>label", data: "train.tsv", format: "list `path<tab>label`",
      lists: [
        "train.tsv": "a.mp4\tlong jump\nb.mp4\thigh jump\n", "val.tsv": "c.mp4\thigh jump\n",
      ],
      classes: ["high jump", "long jump"],
      train: [Clip("a.mp4", "long jump"), Clip("b.mp4", "high jump")],
      val: [Clip("c.mp4", "high jump")]),
    FormatLayout(
      name: "list with several labels", data: "multi_train.txt", format: "list `path label`",
      lists: [
        "multi_train.txt": "a b.mp4 1 4 9\nc.mp4 4\ngone.mp4 1\n", "multi_val.txt": "d.mp4 9 1\n",
      ],
      classes: ["1", "4", "9"], train: [Clip("a b.mp4", "1", "4", "9"), Clip("c.mp4", "4")],
      val: [Clip("d.mp4", "1", "9")], missing: ["train": ["gone.mp4"]], isMultiLabel: true),
    FormatLayout(
      name: "frame folders of MMAction2", data: "lists/sth_train_list.txt", videos: "rawframes",
      format: "list of frame folders",
      lists: [
        "lists/sth_train_list.txt": "walk/a 12 1\nrun/b 12 0\nrun/gone 12 0\n",
        "lists/sth_val_list.txt": "run/c 12 0\nwalk/d 12 1\n",
      ],
      classes: ["0", "1"],
      train: [Clip("rawframes/walk/a/", "1"), Clip("rawframes/run/b/", "0")],
      val: [Clip("rawframes/run/c/", "0"), Clip("rawframes/walk/d/", "1")],
      missing: ["train": ["run/gone"]], pictures: "img_%05d.jpg"),
    FormatLayout(
      name: "JSON list", data: "train.json", format: "JSON list",
      lists: [
        "train.json": """
        [{"video_path": "v/a.mp4", "label": "run"}, {"video_path": "v/b.mp4", "label": "walk"},
         {"video_path": "v/gone.mp4", "label": "walk"}]
        """,
        "val.json": #"[{"video_path": "v/c.mp4", "label": "walk"}]"#,
      ],
      classes: ["run", "walk"], train: [Clip("v/a.mp4", "run"), Clip("v/b.mp4", "walk")],
      val: [Clip("v/c.mp4", "walk")], missing: ["train": ["v/gone.mp4"]]),
    FormatLayout(
      name: "JSON list with several labels", data: "all.json", format: "JSON list",
      lists: [
        "all.json": """
        [{"file": "a.mp4", "labels": ["run", "wave"], "split": "train"},
         {"file": "b.mp4", "labels": ["run"], "split": "train"},
         {"file": "c.mp4", "labels": [], "split": "validation"}]
        """
      ],
      classes: ["run", "wave"], train: [Clip("a.mp4", "run", "wave"), Clip("b.mp4", "run")],
      val: [Clip("c.mp4")], isMultiLabel: true),
  ]

  static let folders = [
    FormatLayout(
      name: "class folders in train and val", data: "", format: "class folders in train and val",
      lists: ["train/notes.txt": "no video"], classes: ["9", "10"],
      train: [
        Clip("train/10/a.mp4", "10"), Clip("train/9/inner/b.MKV", "9"), Clip("train/9/c/", "9"),
        Clip("train/10/d.webm", "10"),
      ],
      val: [Clip("validation/9/e.mov", "9")]),
    FormatLayout(
      name: "class folders", data: "", format: "class folders", lists: [:],
      classes: ["jump", "wave"],
      train: [Clip("jump/a.mp4", "jump"), Clip("wave/b.avi", "wave")]),
    FormatLayout(
      name: "videofolder of Hugging Face", data: "", format: "split folders with metadata.csv",
      lists: [
        "train/metadata.csv": "file_name,label\na.mp4,x\nb.mp4,y\ngone.mp4,y\n",
        "validation/metadata.csv": "file_name,label\nc.mp4,y\n",
      ],
      classes: ["x", "y"], train: [Clip("train/a.mp4", "x"), Clip("train/b.mp4", "y")],
      val: [Clip("validation/c.mp4", "y")], missing: ["train": ["train/gone.mp4"]]),
  ]
}

// The layouts of docs/DATA.md with videos in them: published sets, as they are unpacked.

extension FormatLayout {
  static let knownSets = kinetics + momentsInTime + ofIds + ofActions

  static let kinetics = [
    FormatLayout(
      name: "Kinetics CSV", data: "kinetics_train.csv", format: "Kinetics CSV",
      lists: [
        "kinetics_train.csv": """
        label,youtube_id,time_start,time_end,split,is_cc
        "air drumming",-3B32lodo2M,59,69,train,0
        yoga,aaaaaaaaaaa,0,10,train,1
        yoga,ccccccccccc,5,15,train,1

        """,
        "kinetics_val.csv":
          "label,youtube_id,time_start,time_end,split,is_cc\nyoga,bbbbbbbbbbb,1,11,validate,0\n",
        "kinetics_test.csv":
          "label,youtube_id,time_start,time_end,split,is_cc\nyoga,ddddddddddd,1,11,test,0\n",
      ],
      classes: ["air drumming", "yoga"],
      train: [
        Clip("train/air_drumming/-3B32lodo2M_000059_000069.mp4", "air drumming"),
        Clip("train/yoga/aaaaaaaaaaa_000000_000010.mkv", "yoga"),
      ],
      val: [Clip("val/yoga/bbbbbbbbbbb_000001_000011.webm", "yoga")],
      missing: ["train": ["ccccccccccc_000005_000015"]]),
    FormatLayout(
      name: "Kinetics in one file, flat videos", data: "k700.csv", videos: "v",
      format: "Kinetics CSV",
      lists: [
        "k700.csv": """
        label,youtube_id,time_start,time_end,split
        a b,aaaaaaaaaaa,0.0,10.0,train
        c,-bbbbbbbbbb,3,13,train
        c,ddddddddddd,3,13,train
        c,_cccccccccc,0,10,validate

        """
      ],
      classes: ["a b", "c"],
      train: [
        Clip("v/aaaaaaaaaaa_000000_000010.mp4", "a b"), Clip("v/-bbbbbbbbbb_3_13.webm", "c"),
      ],
      val: [Clip("v/_cccccccccc.mkv", "c")], missing: ["train": ["ddddddddddd"]]),
    FormatLayout(
      name: "Kinetics JSON", data: "train.json", videos: "v", format: "Kinetics JSON",
      lists: [
        "train.json": """
        {"aaaaaaaaaaa": {"annotations": {"label": "yoga", "segment": [0, 10]}, "subset": "training"},
         "-bbbbbbbbbb": {"annotations": {"label": "zumba", "segment": [3, 13]}, "subset": "training"},
         "ccccccccccc": {"annotations": {"label": "zumba", "segment": [3, 13]}, "subset": "training"}}
        """,
        "validate.json": """
        {"ddddddddddd": {"annotations": {"label": "yoga", "segment": [2, 12]},
                         "subset": "validation"}}
        """,
      ],
      classes: ["yoga", "zumba"],
      train: [
        Clip("v/aaaaaaaaaaa_000000_000010.mp4", "yoga"),
        Clip("v/-bbbbbbbbbb_000003_000013.mp4", "zumba"),
      ],
      val: [Clip("v/ddddddddddd.mp4", "yoga")],
      missing: ["train": ["ccccccccccc_000003_000013.mp4"]]),
    FormatLayout(
      name: "Mini-Kinetics-200", data: "lists/train_ytid_list.txt", videos: "videos",
      format: "id list with Kinetics CSV",
      lists: [
        "lists/train_ytid_list.txt": "aaaaaaaaaaa\nddddddddddd\nggggggggggg\n",
        "lists/val_ytid_list.txt": "bbbbbbbbbbb\nccccccccccc\n",
        "lists/kinetics_train.csv": """
        label,youtube_id,time_start,time_end,split,is_cc
        dancing ballet,aaaaaaaaaaa,1,11,train,0
        yoga,ddddddddddd,2,12,train,0
        unused,eeeeeeeeeee,2,12,train,0

        """,
        "lists/kinetics_val.csv": """
        label,youtube_id,time_start,time_end,split,is_cc
        yoga,bbbbbbbbbbb,2,12,val,0
        yoga,ccccccccccc,2,12,val,0

        """,
      ],
      classes: ["dancing ballet", "yoga"],
      train: [
        Clip("videos/train/dancing ballet/aaaaaaaaaaa_000001_000011.mp4", "dancing ballet"),
        Clip("videos/train/yoga/ddddddddddd_000002_000012.mp4", "yoga"),
      ],
      val: [Clip("videos/val/yoga/bbbbbbbbbbb_000002_000012.mp4", "yoga")],
      missing: ["val": ["ccccccccccc_000002_000012.mp4"]]),
  ]

  static let momentsInTime = [
    FormatLayout(
      name: "Moments in Time", data: "trainingSet.csv", format: "Moments in Time",
      lists: [
        "moments_categories.txt": "yawning,2\nclapping,0\nunused,1\n",
        "trainingSet.csv":
          "clapping/a_1.mp4,clapping,3,0\nyawning/b_2.mp4,yawning,4,1\n"
          + "yawning/gone.mp4,yawning,4,1\n",
        "validationSet.csv": "clapping/c_3.mp4,clapping,3,0\n",
      ],
      classes: ["clapping", "unused", "yawning"],
      train: [
        Clip("training/clapping/a_1.mp4", "clapping"), Clip("training/yawning/b_2.mp4", "yawning"),
      ],
      val: [Clip("validation/clapping/c_3.mp4", "clapping")],
      missing: ["train": ["training/yawning/gone.mp4"]]),
    FormatLayout(
      name: "Multi-Moments", data: "trainingSet.txt", format: "Moments in Time",
      lists: [
        "moments_categories.txt": "clapping,0\nunused,1\nyawning,2\n",
        "trainingSet.txt": "clapping/a.mp4,0,2\nyawning/b.mp4,2\nyawning/gone.mp4,2\n",
        "validationSet.txt": "clapping/c.mp4,0\nyawning/d.mp4,2,0\n",
      ],
      classes: ["clapping", "unused", "yawning"],
      train: [
        Clip("training/clapping/a.mp4", "clapping", "yawning"),
        Clip("training/yawning/b.mp4", "yawning"),
      ],
      val: [
        Clip("validation/clapping/c.mp4", "clapping"),
        Clip("validation/yawning/d.mp4", "clapping", "yawning"),
      ],
      missing: ["train": ["training/yawning/gone.mp4"]], isMultiLabel: true),
  ]

  static let ofIds = [
    FormatLayout(
      name: "Something-Something v2", data: "", format: "Something-Something JSON",
      lists: [
        "something-something-v2-train.json": """
        [{"id": "78687", "label": "holding potato next to vicks",
          "template": "Holding [something] next to [something]", "placeholders": ["potato", "vicks"]},
         {"id": "11", "label": "x", "template": "Turning [something] upside down",
          "placeholders": ["x"]},
         {"id": "42", "label": "x", "template": "Turning [something] upside down",
          "placeholders": ["x"]}]
        """,
        "something-something-v2-validation.json":
          #"[{"id": "9", "label": "y", "template": "Turning [something] upside down"}]"#,
        "something-something-v2-test.json": #"[{"id": "1000"}]"#,
        "something-something-v2-labels.json":
          #"{"Holding something next to something": "1", "Turning something upside down": "0"}"#,
      ],
      classes: ["Turning something upside down", "Holding something next to something"],
      train: [
        Clip("20bn-something-something-v2/78687.webm", "Holding something next to something"),
        Clip("20bn-something-something-v2/11.webm", "Turning something upside down"),
      ],
      val: [Clip("20bn-something-something-v2/9.webm", "Turning something upside down")],
      missing: ["train": ["42.webm"]]),
    FormatLayout(
      name: "Jester with frame folders", data: "jester-v1-train.csv", format: "Jester",
      lists: [
        "jester-v1-train.csv": "34870;Drumming Fingers\n8;Swiping Left\n12;Swiping Left\n",
        "jester-v1-validation.csv": "7;Swiping Left\n", "jester-v1-test.csv": "1\n2\n",
        "jester-v1-labels.csv": "Swiping Left\nDrumming Fingers\nNo gesture\n",
      ],
      classes: ["Swiping Left", "Drumming Fingers", "No gesture"],
      train: [
        Clip("20bn-jester-v1/34870/", "Drumming Fingers"),
        Clip("20bn-jester-v1/12/", "Swiping Left"),
      ],
      val: [Clip("20bn-jester-v1/7/", "Swiping Left")], missing: ["train": ["8"]]),
  ]

  static let ofActions = [
    FormatLayout(
      name: "UCF101", data: "ucfTrainTestlist/trainlist01.txt", videos: "UCF-101",
      format: "UCF101 split 1",
      lists: [
        "ucfTrainTestlist/classInd.txt": "1 ApplyEyeMakeup\n2 Unused\n3 YoYo\n",
        "ucfTrainTestlist/trainlist01.txt":
          "ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1\r\nYoYo/v_YoYo_g09_c09.avi 3\r\n"
          + "YoYo/v_YoYo_g10_c01.avi 3\r\n",
        "ucfTrainTestlist/testlist01.txt": "YoYo/v_YoYo_g01_c01.avi\nYoYo/v_YoYo_g01_c02.avi\n",
      ],
      classes: ["ApplyEyeMakeup", "Unused", "YoYo"],
      train: [
        Clip("UCF-101/ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi", "ApplyEyeMakeup"),
        Clip("UCF-101/YoYo/v_YoYo_g10_c01.avi", "YoYo"),
      ],
      val: [Clip("UCF-101/YoYo/v_YoYo_g01_c01.avi", "YoYo")],
      missing: ["train": ["v_YoYo_g09_c09.avi"], "val": ["v_YoYo_g01_c02.avi"]]),
    FormatLayout(
      name: "HMDB51", data: "splits", videos: "hmdb51", format: "HMDB51 split 1",
      lists: [
        "splits/wave_test_split1.txt": "a+b (1).avi 1 \nc.avi 2 \nx.avi 0 \n",
        "splits/brush_hair_test_split1.txt": "d.avi 1 \ngone.avi 1 \n",
        "splits/brush_hair_test_split2.txt": "d.avi 2 \n",
      ],
      classes: ["brush_hair", "wave"],
      train: [
        Clip("hmdb51/wave/a+b (1).avi", "wave"), Clip("hmdb51/brush_hair/d.avi", "brush_hair"),
      ],
      val: [Clip("hmdb51/wave/c.avi", "wave")], missing: ["train": ["brush_hair/gone.avi"]]),
    charades("Charades", folder: "Charades_v1_480", end: ".mp4"),
    charades("Charades, frame folders", folder: "Charades_v1_rgb", end: "/"),
  ]

  /// Charades as videos, or as the folders of frames that it is handed out as, too.
  private static func charades(_ name: String, folder: String, end: String) -> FormatLayout {
    FormatLayout(
      name: name, data: "Charades_v1_train.csv", format: "Charades",
      lists: [
        "Charades_v1_train.csv": charadesHeader + """
          46GP8,HR43,Kitchen,6,7,Yes,"A person, cooking. They ""laugh"".",food;stove,x,\
          c001 0.10 0.70;c000 0.00 0.40,1.00
          EMPTY,HR43,Kitchen,6,7,Yes,s,o,d,,1.00
          GONE0,HR43,Kitchen,6,7,Yes,s,o,d,c000 0 1,1.00

          """,
        "Charades_v1_test.csv": charadesHeader
          + "N11GT,0KZ7,Hall,5,7,No,s,o,d,c002 0.00 1.00,1.00\n",
        "Charades_v1_classes.txt":
          "c000 Holding some clothes\nc001 Putting clothes somewhere\nc002 Taking some clothes\n",
      ],
      classes: ["Holding some clothes", "Putting clothes somewhere", "Taking some clothes"],
      train: [
        Clip("\(folder)/46GP8\(end)", "Holding some clothes", "Putting clothes somewhere"),
        Clip("\(folder)/EMPTY\(end)"),
      ],
      val: [Clip("\(folder)/N11GT\(end)", "Taking some clothes")],
      missing: ["train": ["GONE0"]], pictures: "ID-%06d.jpg", isMultiLabel: true)
  }

  private static let charadesHeader =
    "id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length\n"
}

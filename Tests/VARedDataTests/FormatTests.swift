// Data sets in their real layouts: what each reader makes of them, some files missing.

import Foundation
import Testing

@testable import VARedData

@Suite struct FormatTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// `split name classes` of every clip that is there.
  private func clips(_ set: Dataset) -> [String] {
    Split.allCases.flatMap { split in
      (0..<set.count(split)).map { index in
        let labels = set.labels(split, index).map { set.classes[$0] }.joined(separator: "+")
        return "\(split.rawValue) \(file(set, split, index)) \(labels)"
      }
    }
  }

  private func file(_ set: Dataset, _ split: Split, _ index: Int) -> String {
    let path: String
    switch set.source(split, index) {
    case .video(let video): path = video
    case .frames(let frames): path = frames
    case .row(let row, _): path = "row \(row)"
    case .prepared(let clip): path = "shard \(clip.shard) row \(clip.row)"
    }
    let standard = URL(fileURLWithPath: path).standardizedFileURL.path
    return standard.replacingOccurrences(of: folder.path + "/", with: "")
  }

  private func missing(_ set: Dataset) -> [String] { set.summary.missing.map(\.path) }

  @Test(arguments: [
    "", "\n\"air drumming\",_dbcJuKJQNs,40,50,test,0",
  ])
  func kineticsWithClassFolders(extra: String) throws {
    try folder.touch(
      "train/air_drumming/-3B32lodo2M_000059_000069.mp4",
      "train/yoga/aaaaaaaaaaa_000000_000010.mkv",
      "val/yoga/bbbbbbbbbbb_000001_000011.webm")
    try folder.write(
      """
      label,youtube_id,time_start,time_end,split,is_cc
      "air drumming",-3B32lodo2M,59,69,train,0
      yoga,aaaaaaaaaaa,0,10,train,1
      yoga,ccccccccccc,5,15,train,1
      """, to: "kinetics_train.csv")
    try folder.write(
      "label,youtube_id,time_start,time_end,split,is_cc\nyoga,bbbbbbbbbbb,1,11,validate,0\(extra)\n",
      to: "kinetics_val.csv")
    let set = try Dataset.open(folder.file("kinetics_train.csv"))
    #expect(set.summary.format == "Kinetics CSV")
    #expect(set.classes == ["air drumming", "yoga"])
    #expect(
      clips(set) == [
        "train train/air_drumming/-3B32lodo2M_000059_000069.mp4 air drumming",
        "train train/yoga/aaaaaaaaaaa_000000_000010.mkv yoga",
        "val val/yoga/bbbbbbbbbbb_000001_000011.webm yoga",
      ])
    #expect(set.summary.listed == [.train: 3, .val: 1])
    #expect(missing(set).count == 1 && missing(set)[0].contains("ccccccccccc_000005_000015"))
  }

  @Test func kineticsInOneFileWithFlatVideos() throws {
    try folder.touch("v/aaaaaaaaaaa_000000_000010.mp4", "v/bbbbbbbbbbb_000000_000010.mp4")
    let list = try folder.write(
      """
      label,youtube_id,time_start,time_end,split
      a b,aaaaaaaaaaa,0.0,10.0,train
      c,ddddddddddd,3,13,train
      c,bbbbbbbbbbb,0,10,validate
      """, to: "k700.csv")
    let set = try Dataset.open(list, videos: folder.file("v"))
    #expect(set.classes == ["a b", "c"])
    #expect(set.count(.train) == 1 && set.count(.val) == 1)
    #expect(missing(set) == ["ddddddddddd_000003_000013.mp4"])
    #expect(set.summary.notes.contains { $0.contains("1 of 3 listed videos") })
    #expect(set.summary.notes.contains { $0.contains("have no clip in train, the first 'c'") })
  }

  @Test func kineticsWithBareIds() throws {
    try folder.touch("v/-aaaaaaaaaa.mp4", "v/_bbbbbbbbbb.mp4")
    try folder.write(
      "label,youtube_id,time_start,time_end,split\nx,-aaaaaaaaaa,0,10,train\n", to: "train.csv")
    try folder.write(
      "label,youtube_id,time_start,time_end,split\nx,_bbbbbbbbbb,0,10,val\nx,zzzzzzzzzzz,0,10,val\n",
      to: "validate.csv")
    try folder.write(
      "youtube_id,time_start,time_end,split\nccccccccccc,0,10,test\n", to: "test.csv")
    let set = try Dataset.open(folder.path)
    #expect(clips(set) == ["train v/-aaaaaaaaaa.mp4 x", "val v/_bbbbbbbbbb.mp4 x"])
    #expect(missing(set) == ["v/zzzzzzzzzzz.mp4"])
    #expect(set.summary.notes.contains { $0.contains("1 test clips are left out: not all have") })
  }

  @Test func miniKinetics() throws {
    try folder.touch(
      "videos/train/dancing ballet/aaaaaaaaaaa_000001_000011.mp4",
      "videos/val/yoga/bbbbbbbbbbb_000002_000012.mp4",
      "videos/train/yoga/ddddddddddd_000002_000012.mp4")
    try folder.write("aaaaaaaaaaa\nddddddddddd\nggggggggggg\n", to: "lists/train_ytid_list.txt")
    try folder.write("bbbbbbbbbbb\nccccccccccc\n", to: "lists/val_ytid_list.txt")
    try folder.write(
      """
      label,youtube_id,time_start,time_end,split,is_cc
      dancing ballet,aaaaaaaaaaa,1,11,train,0
      yoga,ddddddddddd,2,12,train,0
      unused,eeeeeeeeeee,2,12,train,0
      """, to: "lists/kinetics_train.csv")
    try folder.write(
      """
      label,youtube_id,time_start,time_end,split,is_cc
      yoga,bbbbbbbbbbb,2,12,val,0
      yoga,ccccccccccc,2,12,val,0
      """, to: "lists/kinetics_val.csv")
    let set = try Dataset.open(
      folder.file("lists/train_ytid_list.txt"), videos: folder.file("videos"))
    #expect(set.classes == ["dancing ballet", "yoga"])
    #expect(set.count(.train) == 2 && set.count(.val) == 1)
    #expect(missing(set) == ["val/yoga/ccccccccccc_000002_000012.mp4"])
    #expect(set.summary.notes.contains { $0.contains("1 ids of train_ytid_list.txt are in no") })
  }

  @Test func idsWithoutATableAreRefused() throws {
    let list = try folder.write("aaaaaaaaaaa\n-bbbbbbbbbb\n", to: "train_ytid_list.txt")
    let error = try #require(throws: DatasetError.self) { try Dataset.open(list) }
    #expect(error.line == 1 && error.description.contains("bare YouTube ids"))
  }

  @Test func momentsInTime() throws {
    try folder.touch(
      "training/clapping/a_1.mp4", "training/yawning/b_2.mp4", "validation/clapping/c_3.mp4")
    try folder.write("yawning,2\nclapping,0\nunused,1\n", to: "moments_categories.txt")
    try folder.write(
      "clapping/a_1.mp4,clapping,3,0\nyawning/b_2.mp4,yawning,4,1\nyawning/gone.mp4,yawning,4,1\n",
      to: "trainingSet.csv")
    try folder.write("clapping/c_3.mp4,clapping,3,0\n", to: "validationSet.csv")
    let set = try Dataset.open(folder.file("trainingSet.csv"))
    #expect(set.classes == ["clapping", "unused", "yawning"])
    #expect(
      clips(set) == [
        "train training/clapping/a_1.mp4 clapping", "train training/yawning/b_2.mp4 yawning",
        "val validation/clapping/c_3.mp4 clapping",
      ])
    #expect(missing(set) == ["training/yawning/gone.mp4"])
  }

  @Test func somethingSomething() throws {
    try folder.touch("20bn-something-something-v2/78687.webm", "20bn-something-something-v2/9.webm")
    try folder.write(
      """
      [{"id":"78687","label":"holding potato next to vicks","template":"Holding [something] next to \
      [something]","placeholders":["potato","vicks"]},
      {"id":"42","label":"x","template":"Turning [something] upside down","placeholders":["x"]}]
      """, to: "something-something-v2-train.json")
    try folder.write(
      #"[{"id":"9","label":"y","template":"Turning [something] upside down","placeholders":["y"]}]"#,
      to: "something-something-v2-validation.json")
    try folder.write(#"[{"id":"1000"}]"#, to: "something-something-v2-test.json")
    try folder.write(
      #"{"Holding something next to something":"1","Turning something upside down":"0"}"#,
      to: "something-something-v2-labels.json")
    let set = try Dataset.open(folder.path)
    #expect(
      set.classes == ["Turning something upside down", "Holding something next to something"])
    #expect(
      clips(set) == [
        "train 20bn-something-something-v2/78687.webm Holding something next to something",
        "val 20bn-something-something-v2/9.webm Turning something upside down",
      ])
    #expect(missing(set).count == 1 && missing(set)[0].hasSuffix("42.webm"))
  }

  @Test func jesterWithFrameFolders() throws {
    try folder.touch(
      "20bn-jester-v1/34870/00001.jpg", "20bn-jester-v1/34870/00002.jpg",
      "20bn-jester-v1/7/00001.jpg")
    try folder.write("34870;Drumming Fingers\n8;Swiping Left\n", to: "jester-v1-train.csv")
    try folder.write("7;Swiping Left\n", to: "jester-v1-validation.csv")
    try folder.write("1\n2\n", to: "jester-v1-test.csv")
    try folder.write("Swiping Left\nDrumming Fingers\nNo gesture\n", to: "jester-v1-labels.csv")
    let set = try Dataset.open(folder.file("jester-v1-train.csv"))
    #expect(set.classes == ["Swiping Left", "Drumming Fingers", "No gesture"])
    #expect(
      clips(set) == [
        "train 20bn-jester-v1/34870 Drumming Fingers", "val 20bn-jester-v1/7 Swiping Left",
      ])
    #expect(missing(set).map(\.lastComponent) == ["8"])
  }

  @Test func ucf101() throws {
    try folder.touch(
      "UCF-101/YoYo/v_YoYo_g01_c01.avi", "UCF-101/ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi")
    try folder.write("1 ApplyEyeMakeup\n2 Unused\n3 YoYo\n", to: "ucfTrainTestlist/classInd.txt")
    try folder.write(
      "ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1\r\nYoYo/v_YoYo_g09_c09.avi 3\r\n",
      to: "ucfTrainTestlist/trainlist02.txt")
    try folder.write("YoYo/v_YoYo_g01_c01.avi\n", to: "ucfTrainTestlist/testlist02.txt")
    let set = try Dataset.open(
      folder.file("ucfTrainTestlist/trainlist02.txt"), videos: folder.file("UCF-101"))
    #expect(set.summary.format == "UCF101 split 2")
    #expect(set.classes == ["ApplyEyeMakeup", "Unused", "YoYo"])
    #expect(
      clips(set) == [
        "train UCF-101/ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi ApplyEyeMakeup",
        "val UCF-101/YoYo/v_YoYo_g01_c01.avi YoYo",
      ])
    #expect(missing(set) == ["YoYo/v_YoYo_g09_c09.avi"])
    let around = try Dataset.open(folder.file("ucfTrainTestlist/testlist02.txt"))
    #expect(clips(around) == clips(set))
  }

  @Test func hmdb51() throws {
    try folder.touch("hmdb51/wave/a+b (1).avi", "hmdb51/wave/c.avi", "hmdb51/brush_hair/d.avi")
    try folder.write("a+b (1).avi 1 \nc.avi 2 \nx.avi 0 \n", to: "splits/wave_test_split1.txt")
    try folder.write("d.avi 1 \ngone.avi 1 \n", to: "splits/brush_hair_test_split1.txt")
    try folder.write("d.avi 2 \n", to: "splits/brush_hair_test_split2.txt")
    let set = try Dataset.open(folder.file("splits"), videos: folder.file("hmdb51"))
    #expect(set.classes == ["brush_hair", "wave"])
    #expect(
      clips(set) == [
        "train hmdb51/brush_hair/d.avi brush_hair", "train hmdb51/wave/a+b (1).avi wave",
        "val hmdb51/wave/c.avi wave",
      ])
    #expect(missing(set) == ["brush_hair/gone.avi"])
  }

  @Test func charades() throws {
    try folder.touch(
      "Charades_v1_480/46GP8.mp4", "Charades_v1_480/N11GT.mp4", "Charades_v1_480/EMPTY.mp4")
    let header =
      "id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length\n"
    try folder.write(
      header
        + "46GP8,HR43,Kitchen,6,7,Yes,\"A person, cooking.\nThey \"\"laugh\"\".\",food;stove,x,"
        + "c001 11.90 21.20;c000 0.00 12.60;c001 30.00 31.00,24.83\n"
        + "EMPTY,HR43,Kitchen,6,7,Yes,s,o,d,,10.00\nGONE0,HR43,K,6,7,Yes,s,o,d,c000 0 1,10.00\n",
      to: "Charades_v1_train.csv")
    try folder.write(
      header + "N11GT,0KZ7,Hall,5,7,No,s,o,d,c002 0.00 9.00,30.00\n", to: "Charades_v1_test.csv")
    try folder.write(
      "c000 Holding some clothes\nc001 Putting clothes somewhere\nc002 Taking some clothes\n",
      to: "Charades_v1_classes.txt")
    let set = try Dataset.open(folder.file("Charades_v1_train.csv"))
    #expect(set.isMultiLabel)
    #expect(
      set.classes == [
        "Holding some clothes", "Putting clothes somewhere", "Taking some clothes",
      ])
    #expect(set.count(.train) == 2 && set.count(.val) == 1)
    #expect(set.labels(.train, 0) == [0, 1] && set.labels(.train, 1) == [])
    #expect(set.spans(.train, 0).map(\.seconds) == [11.9...21.2, 0...12.6, 30...31])
    #expect(set.labels(.val, 0) == [2])
    #expect(missing(set).map(\.lastComponent) == ["GONE0.mp4"])
  }

  @Test func listsWithSeveralLabels() throws {
    try folder.touch("a b.mp4", "c.mp4")
    try folder.write("a b.mp4 1 4 9\nc.mp4 4\n", to: "multi_train.txt")
    let set = try Dataset.open(folder.file("multi_train.txt"))
    #expect(set.isMultiLabel && set.classes == ["1", "4", "9"])
    #expect(set.labels(.train, 0) == [0, 1, 2] && set.labels(.train, 1) == [1])
    let table = try folder.write("path,labels\na b.mp4,\"x, y\"\nc.mp4,\n", to: "labels.csv")
    let other = try Dataset.open(table)
    #expect(
      other.isMultiLabel && other.labels(.train, 0) == [0, 1] && other.labels(.train, 1) == [])
  }

  @Test func headerlessListsKeepBlanksAndCommas() throws {
    try folder.touch("t1/drinking (31).mp4", "t1/lecture, (31).mp4", "t1/#1 & 'x' [é]+.mp4")
    let commas = try folder.write(
      "t1/drinking (31).mp4,0\nt1/lecture, (31).mp4,1\nt1/#1 & 'x' [é]+.mp4,1\n", to: "a.csv")
    let blanks = try folder.write(
      "path label\nt1/drinking (31).mp4 2\n\"t1/lecture, (31).mp4\" 10\nt1/#1 & 'x' [é]+.mp4 10\n",
      to: "b.txt")
    let semicolons = try folder.write(
      "path;label\nt1/drinking (31).mp4;0\n\"t1/lecture, (31).mp4\";1\n", to: "c.csv")
    let tabs = try folder.write("t1/drinking (31).mp4\t0\nt1/lecture, (31).mp4\t1\n", to: "d.tsv")
    #expect(try Dataset.open(commas).count(.train) == 3)
    let set = try Dataset.open(blanks)
    #expect(set.count(.train) == 3 && set.classes == ["2", "10"])
    #expect(try Dataset.open(semicolons).count(.train) == 2)
    #expect(try Dataset.open(tabs).count(.train) == 2)
  }

  @Test func numbersAreOrderedAsNumbers() throws {
    try folder.touch("a.mp4", "b.mp4", "c.mp4")
    let floats = try folder.write("path,label\na.mp4,10.0\nb.mp4,9.0\nc.mp4,2.5\n", to: "f.csv")
    #expect(try Dataset.open(floats).classes == ["2.5", "9.0", "10.0"])
    let ones = try folder.write("a.mp4 1\nb.mp4 2\nc.mp4 3\n", to: "ones.txt")
    #expect(try Dataset.open(ones).classes == ["1", "2", "3"])
    try folder.write("walk\nrun\nsit\n", to: "classes.txt")
    let named = try Dataset.open(ones)
    #expect(named.classes == ["walk", "run", "sit"] && named.label(.train, 2) == 2)
  }

  @Test func classFolders() throws {
    try folder.touch(
      "set/train/10/a.mp4", "set/train/9/in/b.MKV", "set/train/9/.hidden.mp4",
      "set/train/9/._b.mp4",
      "set/train/9/Thumbs.db", "set/validation/9/c.webm", "set/train/Thumbs.db")
    try folder.make("set/train/empty")
    let set = try Dataset.open(folder.file("set"))
    #expect(set.classes == ["9", "10"])
    #expect(
      clips(set) == [
        "train set/train/10/a.mp4 10", "train set/train/9/in/b.MKV 9",
        "val set/validation/9/c.webm 9",
      ])
    #expect(set.summary.notes.contains { $0.contains("1 class folders") && $0.contains("'empty'") })
    try folder.touch("flat/jump/a.mp4", "flat/wave/b.mp4")
    let flat = try Dataset.open(folder.file("flat"))
    #expect(flat.count(.train) == 2 && flat.count(.val) == 0)
    #expect(flat.summary.notes[0].contains("NO VALIDATION CLIPS"))
  }

  @Test func metadataBesideFolders() throws {
    try folder.touch("train/a.mp4", "train/b.mp4", "test/c.mp4")
    try folder.write("file_name,label\na.mp4,x\nb.mp4,y\n", to: "train/metadata.csv")
    try folder.write("file_name,label\nc.mp4,y\n", to: "test/metadata.csv")
    let set = try Dataset.open(folder.path)
    #expect(clips(set) == ["train train/a.mp4 x", "train train/b.mp4 y", "val test/c.mp4 y"])
    #expect(set.summary.notes.contains { $0.contains("test clips are taken for it") })
  }
}

// swift-tools-version: 6.1
// vared-train: distributed training of input-adaptive video networks (VA-RED²).
//
// The arrows of the house:
// vared-train → VARedStudies → VARedTraining → {VARedNN, VARedDist, VARedData}.
// The leaves never import one another; VARedHDF5 is the one door to HDF5 files.

import PackageDescription

let package = Package(
  name: "vared-train",
  products: [
    .executable(name: "vared-train", targets: ["vared-train"]),
    .library(name: "VARedNN", targets: ["VARedNN"]),
    .library(name: "VARedDist", targets: ["VARedDist"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
  ],
  targets: [
    // C libraries behind a module map; shim.h holds what Swift cannot import.
    .systemLibrary(
      name: "CMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev", "openmpi-bin"])]),
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CDNNL", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(
      name: "CFFmpeg", pkgConfig: "libavformat libavcodec libavutil libswscale",
      providers: [
        .apt(["libavformat-dev", "libavcodec-dev", "libavutil-dev", "libswscale-dev"])
      ]),
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),

    // Vector kernels for what the libraries do not have.
    .target(
      name: "CKernels",
      exclude: ["kinds"],
      linkerSettings: [.linkedLibrary("gomp")]),

    // What libhdf5 is not trusted with: files tried out in a child process, chunks measured.
    .target(
      name: "CTrialRead", dependencies: ["CHDF5"], linkerSettings: [.linkedLibrary("z")]),

    // The leaves.
    .target(name: "VARedHDF5", dependencies: ["CHDF5", "CTrialRead"]),
    .target(name: "VARedNN", dependencies: ["CDNNL", "COpenBLAS", "CKernels"]),
    .target(name: "VARedDist", dependencies: ["CMPI"]),
    .target(
      name: "VARedData",
      dependencies: [
        "CFFmpeg", "CTurboJPEG", "VARedHDF5", .product(name: "SwiftCSV", package: "SwiftCSV"),
      ]),

    // The trainer and its command line.
    .target(
      name: "VARedTraining",
      dependencies: [
        "VARedNN", "VARedDist", "VARedData", "VARedHDF5", .product(name: "Yams", package: "Yams"),
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["TensorBoard/event.proto"]),
    // What people look at: counts, benchmarks, redundancy, the frontier, predictions, reports.
    .target(
      name: "VARedStudies",
      dependencies: [
        "VARedTraining", "VARedNN", "VARedDist", "VARedData", "VARedHDF5",
        .product(name: "Mustache", package: "swift-mustache"),
      ]),
    .executableTarget(
      name: "vared-train",
      dependencies: [
        "VARedStudies", "VARedTraining",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // The examples of the libraries' pages (scripts/docs.sh).
    .executableTarget(
      name: "SumOverRanks", dependencies: ["VARedDist"], path: "Examples/SumOverRanks"),
    .executableTarget(name: "LoadClips", dependencies: ["VARedData"], path: "Examples/LoadClips"),
    .executableTarget(
      name: "TrainOnShapes", dependencies: ["VARedTraining"], path: "Examples/TrainOnShapes"),
    .executableTarget(name: "StepOnce", dependencies: ["VARedNN"], path: "Examples/StepOnce"),

    // Tests; RankChecks is what `mpirun` starts, AllocationChecks counts what a step allocates,
    // TrainingTestSupport holds what tests of whole runs share.
    .target(name: "TestSupport", dependencies: ["VARedHDF5"], path: "Tests/TestSupport"),
    .target(
      name: "TrainingTestSupport",
      dependencies: ["TestSupport", "VARedTraining", "VARedHDF5"],
      path: "Tests/TrainingTestSupport"),
    .target(
      name: "GoldenFiles", dependencies: ["VARedHDF5", "VARedNN"], path: "Tests/GoldenFiles"),
    .executableTarget(
      name: "RankChecks", dependencies: ["VARedDist", "VARedNN", "GoldenFiles"],
      path: "Tests/RankChecks"),
    // Readers under clang's fuzzer (scripts/fuzz.sh); built without it, it replays the seeds.
    .systemLibrary(name: "CFuzzer", path: "Tests/CFuzzer"),
    .target(
      name: "FuzzReaders",
      dependencies: ["VARedStudies", "VARedTraining", "VARedNN", "VARedData", "VARedHDF5"],
      path: "Tests/FuzzReaders"),
    .executableTarget(
      name: "Fuzz", dependencies: ["FuzzReaders", "CFuzzer"], path: "Tests/Fuzz",
      exclude: ["Seeds"]),
    .target(name: "AllocationCounting", path: "Tests/AllocationCounting"),
    .executableTarget(
      name: "AllocationChecks", dependencies: ["AllocationCounting", "VARedNN"],
      path: "Tests/AllocationChecks"),
    .testTarget(name: "VARedHDF5Tests", dependencies: ["VARedHDF5", "CHDF5"]),
    .testTarget(
      name: "VARedNNTests",
      dependencies: ["VARedNN", "CKernels", "GoldenFiles", "TestSupport", "AllocationChecks"],
      exclude: ["Golden"]),
    .testTarget(
      name: "VARedDistTests", dependencies: ["VARedDist", "TestSupport", "RankChecks"]),
    .testTarget(
      name: "VARedDataTests", dependencies: ["VARedData", "VARedHDF5", "CHDF5", "TestSupport"],
      exclude: ["Golden"]),
    .testTarget(
      name: "VARedTrainingTests",
      dependencies: [
        "VARedTraining", "VARedHDF5", "VARedNN", "VARedData", "TrainingTestSupport", "TestSupport",
        "vared-train", "Fuzz", "FuzzReaders",
      ],
      exclude: ["Checkpoints"]),
    .testTarget(
      name: "VARedStudiesTests",
      dependencies: [
        "VARedStudies", "VARedTraining", "VARedHDF5", "VARedNN", "VARedData",
        "TrainingTestSupport", "TestSupport", "vared-train",
      ]),
  ]
)

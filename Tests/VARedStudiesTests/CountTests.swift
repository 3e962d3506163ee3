// `vared-train count`: the published size, a checkpoint on data, and what cannot be counted.

import Foundation
import TestSupport
import Testing
import TrainingTestSupport

@testable import VARedStudies
@testable import VARedTraining

@Suite(.serialized) struct CountTests: ProgramRuns {
  let scratch: Scratch
  let clips: String

  init() throws {
    scratch = try Scratch()
    clips = try scratch.writeClips()
  }

  private static let small = ["--width", "0.25", "--frames", "4", "--size", "32"]

  private func report(_ more: [String]) throws -> [String: Any] {
    let said = try run(["count", "--threads", "1", "--json"] + more).stdout
    return try #require(try JSONSerialization.jsonObject(with: Data(said.utf8)) as? [String: Any])
  }

  private func total(_ report: [String: Any], _ name: String) throws -> [String: Double] {
    let runs = try #require(report["runs"] as? [[String: Any]])
    let run = try #require(runs.first { $0["name"] as? String == name }, "\(name)")
    let total = try #require(run["total"] as? [String: Double])
    let layers = try #require(run["layers"] as? [[String: Double]])
    #expect(layers.count == (report["layers"] as? [Any])?.count)
    for key in ["macs", "flops"] {
      let sum = layers.reduce(0) { $0 + ($1[key] ?? .nan) }
      #expect(abs(sum - (total[key] ?? .nan)) < 1e-6 * sum, "\(name) \(key)")
    }
    return total
  }

  /// METHOD §5: the parameters and the cost of R(2+1)D-18, here by running it.
  @Test func thePublishedNetworkAtFullSize() throws {
    let report = try report(["--network", "fixed", "--frames", "8", "--size", "112"])
    #expect(report["parameters"] as? Int == 31_505_325)
    let macs = try #require(try total(report, "executed")["macs"])
    #expect((macs / 1e7).rounded() / 100 == 20.26)
    #expect((report["fixed"] as? [String: Double]) == (try total(report, "executed")))
  }

  /// Of X3D-M too.
  @Test func aSecondNetworkAtFullSize() throws {
    let report = try report(
      ["--model", "x3d-m", "--network", "fixed", "--frames", "16", "--size", "224"])
    #expect(report["parameters"] as? Int == 3_794_274)
    let macs = try #require(try total(report, "executed")["macs"])
    #expect((macs / 1e7).rounded() / 100 == 4.73)
    #expect((report["fixed"] as? [String: Double]) == (try total(report, "executed")))
  }

  @Test func forcedPolicies() throws {
    let report = try report(
      Self.small + [
        "--policy", "full", "--policy", "half", "--policy", "gates", "--policy", "random",
      ])
    let fixed = try #require(report["fixed"] as? [String: Double])
    let (full, half) = (try total(report, "full"), try total(report, "half"))
    #expect(full == fixed)
    for key in ["macs", "flops"] {
      let (whole, part) = (try #require(fixed[key]), try #require(half[key]))
      #expect(part < 0.7 * whole && part > 0.2 * whole, "\(key)")
      let random = try #require(try total(report, "random")[key])
      #expect(random > part && random < whole, "\(key)")
      // Fresh gates leave every candidate open: all of it, and gates and cheap operations beside.
      #expect(try #require(try total(report, "gates")[key]) > whole, "\(key)")
    }
    let table = try run(["count", "--threads", "1"] + Self.small).stdout
    #expect(table.contains("layer4.1.conv2.0.3.gate") && table.contains("half MFLOP"))
    #expect(table.contains("all accounted for"))
  }

  /// What the layers recorded on data is what the evaluation adds up from policies.
  @Test func aCheckpointOnData() throws {
    _ = try run(arguments("run", ["--epochs", "1"]))
    let trained = try #require(try objects("run").first { $0["kind"] as? String == "evaluation" })
    let report = try report(["--checkpoint", scratch("run"), "--data", clips])
    #expect(report["input"] as? [Int] == [3, 4, 16, 16] && report["classes"] as? Int == 2)
    let macs = try #require(try total(report, "data")["macs"])
    let evaluated = try #require(trained["executed_gmacs"] as? Double) * 1e9
    #expect(abs(macs - evaluated) < 1e-6 * evaluated)
  }

  @Test(arguments: [
    (["--network", "fixed", "--policy", "half"], "--policy: expected a dynamic network"),
    (["--data", "x.csv"], "--data: expected a checkpoint"),
    (["--checkpoint", "x.h5", "--width", "0.5"], "--checkpoint: expected no flag of the network"),
    (["--checkpoint", "none/at/all"], "none/at/all"),
    (["--classes", "1"], "--classes: expected 2 to 1000000, found 1"),
    (["--size", "0"], "--size"),
  ])
  func whatCannotBeCountedIsSaid(_ flags: [String], _ said: String) throws {
    let result = try launch(["count"] + flags).run()
    #expect(result.status == 2 && result.stderr.contains(said), "\(result)")
  }
}

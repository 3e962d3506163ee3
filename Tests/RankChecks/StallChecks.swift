// Checks of StallWatch: a rank that hangs is named with its phase; a slow one is left alone.

import Foundation
import VARedDist

/// `stall <own|detail|resumed|deadlock|waiting|frozen|gone> <rank>`. `own`, `detail` and `resumed`
/// (after waiting for others), limit 4 s: that rank hangs in its own work while the others wait for
/// it. `deadlock`, limit 1 s, and `waiting`, 6 s: it misses a collective. `frozen`, 1 s: it is
/// stopped. `gone`, 60 s: it leaves while the launcher is looking elsewhere.
func checkStall(_ check: RankCheck) throws {
  let way = check.arguments.first ?? ""
  let stalling = Int(check.arguments.last ?? "") ?? 0
  let limits = ["own": 4.0, "detail": 4, "resumed": 4, "waiting": 6, "gone": 60]
  let watch = StallWatch(check.communicator, seconds: limits[way] ?? 1, status: 9)
  watch.progress("barrier", waiting: true)
  try check.communicator.barrier()
  if check.rank == stalling {
    switch way {
    case "own":
      usleep(300_000)  // Later than the others began to wait.
      watch.progress("decode")
      while true { usleep(1000) }
    case "detail":
      watch.progress("decoding") { "clips/a.mp4" }
      while true { usleep(1000) }
    case "resumed":
      watch.progress("forward") { "from layer1 on" }
      watch.waiting(in: "sum") { usleep(300_000) }
      while true { usleep(1000) }
    case "frozen": raise(SIGSTOP)
    case "gone":
      say("leaving")
      usleep(1_500_000)  // The test stops mpirun meanwhile.
      kill(getpid(), SIGKILL)
    default: break
    }
  } else {
    watch.progress("all-reduce", waiting: true)
    _ = try check.communicator.allReduceMax(1)
  }
  watch.progress("finalize", waiting: true)
  check.communicator.finalize()
  exit(0)
}

/// Phases slower than the poll but within the limit, waiting within twice the limit, a stopped
/// watch and a watch of no seconds: no alarm.
func checkNoStall(_ check: RankCheck) throws {
  let watch = StallWatch(check.communicator, seconds: 3)
  let off = StallWatch(check.communicator, seconds: 0)
  off.progress("off")
  for step in 0..<5 {
    watch.progress("step \(step)")
    usleep(500_000)
  }
  watch.progress("all-reduce", waiting: true)
  usleep(3_700_000)
  try check.communicator.barrier()
  watch.progress("stopped")
  watch.stop()
  usleep(5_000_000)  // An alarm would have ended the job.
  try check.communicator.barrier()
}

/// Says `ready` and is then stopped and continued by the test: time in which the process did not
/// run is no stall.
func checkSuspended(_ check: RankCheck) throws {
  let watch = StallWatch(check.communicator, seconds: 4)
  watch.progress("suspended")
  usleep(500_000)  // The watch has seen the phase begin.
  say("ready")
  for _ in 0..<60 { usleep(10_000) }  // Slices: most of it is left when the process continues.
  watch.stop()
}

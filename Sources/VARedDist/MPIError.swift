// MPIError: what a failed MPI call says, and the one place where return codes are checked.

import CMPI

/// An MPI call that did not return `MPI_SUCCESS`: which call, what the library says, and what it
/// usually means.
///
/// After an `MPIError` the state of the communicator is undefined (MPI 3.1 §8.3): end the job with
/// ``Communicator/fail(_:status:)``, do not go on.
public struct MPIError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The MPI function that failed, for example `MPI_Allreduce`.
  public let call: String
  /// The code it returned; 0 where the call was not made at all.
  public let code: Int32
  /// The library's own words (`MPI_Error_string`).
  public let reason: String
  /// What it usually means and what to do.
  public let meaning: String

  /// One line: call, reason, meaning.
  public var description: String { "\(call) failed: \(reason); \(meaning)" }

  /// The error behind a return code.
  ///
  /// - Parameters:
  ///   - call: name of the MPI function.
  ///   - code: what it returned.
  init(call: String, code: Int32) {
    self.call = call
    self.code = code
    reason = Self.text(of: code)
    meaning = Self.meaning(of: code)
  }

  private init(call: String, reason: String, meaning: String) {
    self.call = call
    code = 0
    self.reason = reason
    self.meaning = meaning
  }

  /// The error of a call made after ``Communicator/finalize()``; MPI would end the process there.
  static func afterFinalize(_ call: String) -> MPIError {
    MPIError(
      call: call, reason: "MPI is finalized",
      meaning: "a process can use MPI once; make every call before finalize()")
  }

  /// The error of a library without enough thread support.
  static func threadSupport(provided: Int32) -> MPIError {
    MPIError(
      call: "MPI_Init_thread",
      reason: "expected MPI_THREAD_MULTIPLE (\(MPI_THREAD_MULTIPLE)), got \(provided)",
      meaning: "use an MPI library built with thread support (Open MPI as packaged has it)")
  }

  private static func text(of code: Int32) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(MPI_MAX_ERROR_STRING) + 1) {
      var length: Int32 = 0
      guard MPI_Error_string(code, $0.baseAddress, &length) == MPI_SUCCESS else {
        return "MPI error \(code)"
      }
      return String(decoding: $0.prefix(Int(length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }

  private static func meaning(of code: Int32) -> String {
    var errorClass: Int32 = MPI_ERR_UNKNOWN
    guard MPI_Error_class(code, &errorClass) == MPI_SUCCESS else {
      return "the library does not know this code"
    }
    switch errorClass {
    case MPI_ERR_TRUNCATE: return "ranks passed different lengths to the same call"
    case MPI_ERR_ROOT, MPI_ERR_RANK: return "the root must be a rank from 0 to size - 1"
    case MPI_ERR_COMM: return "the communicator is not valid"
    case MPI_ERR_COUNT, MPI_ERR_BUFFER, MPI_ERR_TYPE: return "the buffer or its length is not valid"
    case MPI_ERR_REQUEST: return "a request was waited for that was never started"
    default: return "a peer or the network failed; see the output of the other ranks and of mpirun"
    }
  }
}

/// Makes one MPI call and checks its return code.
///
/// - Parameters:
///   - name: the MPI function, for the error.
///   - call: makes the call, returns its code.
/// - Throws: ``MPIError`` if the code is not `MPI_SUCCESS`, or if MPI is already finalized.
func check(_ name: StaticString, _ call: () -> Int32) throws {
  guard !Communicator.isFinalized else { throw MPIError.afterFinalize("\(name)") }
  let code = call()
  guard code == MPI_SUCCESS else { throw MPIError(call: "\(name)", code: code) }
}

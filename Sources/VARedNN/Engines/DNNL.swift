// oneDNN behind a typed face: the engine, memory descriptors, and one primitive with its arguments.

import CDNNL
import CKernels

/// The process's oneDNN CPU engine and its in-order stream.
enum DNNL {
  // Created once, used from the thread that runs the network; oneDNN's engines are thread-safe.
  nonisolated(unsafe) static let engine: dnnl_engine_t = {
    var engine: dnnl_engine_t?
    check(dnnl_engine_create(&engine, dnnl_cpu, 0), "dnnl_engine_create")
    return engine!
  }()

  /// A memory descriptor of fp32 values with one of oneDNN's format tags.
  static func descriptor(_ dims: [Int], _ tag: dnnl_format_tag_t) -> dnnl_memory_desc_t {
    var descriptor = dnnl_memory_desc_t()
    var padded = dims.map { dnnl_dim_t($0) }
    padded += Array(repeating: 0, count: Int(DNNL_MAX_NDIMS) - dims.count)
    check(
      dnnl_memory_desc_init_by_tag(&descriptor, Int32(dims.count), padded, dnnl_f32, tag),
      "dnnl_memory_desc_init_by_tag \(dims)")
    return descriptor
  }

  /// A failed call means that a shape reached oneDNN which the network's own validation let pass:
  /// a programming error, so it stops the process and says what was asked for.
  static func check(_ status: dnnl_status_t, _ what: @autoclosure () -> String) {
    guard status == dnnl_success else {
      fatalError("error: oneDNN: \(what()) failed with status \(status.rawValue)")
    }
  }
}

/// A oneDNN primitive with its arguments' memory objects, created once and executed on raw
/// pointers.
final class DNNLPrimitive {
  /// oneDNN's name for the code that it chose, e.g. `jit:avx512_core`.
  let implementation: String
  private let primitive: dnnl_primitive_t
  private let stream: dnnl_stream_t
  private let arguments: [dnnl_exec_arg_t]

  /// - Parameter arguments: oneDNN's argument numbers and what memory they take, in the order in
  ///   which `execute` gets the pointers.
  init(_ descriptor: dnnl_primitive_desc_t, arguments: [(Int32, dnnl_memory_desc_t)]) {
    var primitive: dnnl_primitive_t?
    DNNL.check(dnnl_primitive_create(&primitive, descriptor), "dnnl_primitive_create")
    self.primitive = primitive!
    var name: UnsafePointer<CChar>?
    DNNL.check(
      dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, &name),
      "dnnl_primitive_desc_query")
    implementation = String(cString: name!)
    var stream: dnnl_stream_t?
    DNNL.check(
      dnnl_stream_create(&stream, DNNL.engine, UInt32(dnnl_stream_default_flags.rawValue)),
      "dnnl_stream_create")
    self.stream = stream!
    self.arguments = arguments.map { number, descriptor in
      var memory: dnnl_memory_t?
      var descriptor = descriptor
      DNNL.check(
        dnnl_memory_create(&memory, &descriptor, DNNL.engine, vared_dnnl_memory_none()),
        "dnnl_memory_create")
      return dnnl_exec_arg_t(arg: number, memory: memory)
    }
  }

  deinit {
    for argument in arguments { dnnl_memory_destroy(argument.memory) }
    dnnl_stream_destroy(stream)
    dnnl_primitive_destroy(primitive)
  }

  /// Runs the primitive on these pointers, one for each argument, and waits for it. The only place
  /// where one is executed, so that every call is counted.
  /// - Precondition: three arguments, as every convolution has, or four where it has a bias.
  func execute(
    _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ third: UnsafeRawPointer,
    _ fourth: UnsafeRawPointer? = nil
  ) {
    precondition(arguments.count == (fourth == nil ? 3 : 4), "\(arguments.count) arguments")
    vared_note_call()
    attach(first, to: 0)
    attach(second, to: 1)
    attach(third, to: 2)
    if let fourth { attach(fourth, to: 3) }
    DNNL.check(
      dnnl_primitive_execute(primitive, stream, Int32(arguments.count), arguments),
      "dnnl_primitive_execute")
    DNNL.check(dnnl_stream_wait(stream), "dnnl_stream_wait")
  }

  private func attach(_ pointer: UnsafeRawPointer, to argument: Int) {
    DNNL.check(
      dnnl_memory_set_data_handle(
        arguments[argument].memory, UnsafeMutableRawPointer(mutating: pointer)),
      "dnnl_memory_set_data_handle")
  }
}

// Matrix products.

import CKernels
import COpenBLAS

/// OpenBLAS's own thread pool stays off: the products here are small, and a second pool would fight
/// with oneDNN's.
enum OpenBLAS {
  static func useOneThread() { openblas_set_num_threads(1) }

  /// `c = alpha · a b + beta · c`, `c [rows, columns]`, all row-major without gaps; `a` and `b` may
  /// be stored transposed. The only way to OpenBLAS, so that every product is counted.
  /// - Parameter depth: the length of the sums.
  static func product(
    _ rows: Int, _ columns: Int, _ depth: Int, alpha: Float = 1, _ a: UnsafePointer<Float>,
    _ b: UnsafePointer<Float>, transposeA: Bool = false, transposeB: Bool = false, beta: Float,
    _ c: UnsafeMutablePointer<Float>
  ) {
    vared_note_call()
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans,
      transposeB ? CblasTrans : CblasNoTrans, blasint(rows), blasint(columns), blasint(depth),
      alpha, a, blasint(transposeA ? rows : depth), b,
      blasint(transposeB ? depth : columns), beta, c, blasint(columns))
  }
}

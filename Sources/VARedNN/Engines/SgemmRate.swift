// The yardstick for a convolution's speed.

import CDNNL
import COpenBLAS

/// What this machine can multiply.
public enum SgemmRate {
  private static let size = 2048

  /// GFLOP/s of a single-precision product of 2048² matrices, the best of three: OpenBLAS's or
  /// oneDNN's, whichever is faster. An OpenBLAS older than the processor may not know its vectors.
  public static func measure(threads: Int) -> Double {
    let n = size
    let (a, b, c) = (FloatBuffer(n * n), FloatBuffer(n * n), FloatBuffer(n * n))
    for i in 0..<n * n {
      a.base[i] = Float(i % 17) / 17
      b.base[i] = Float(i % 13) / 13
    }
    openblas_set_num_threads(Int32(threads))
    defer { OpenBLAS.useOneThread() }
    Parallel.setThreads(threads)
    let openBLAS = bestSeconds {
      OpenBLAS.product(n, n, n, a.base, b.base, beta: 0, c.base)
    }
    let oneDNN = bestSeconds {
      DNNL.check(
        dnnl_sgemm(
          78 /* N */, 78 /* N */, dnnl_dim_t(n), dnnl_dim_t(n), dnnl_dim_t(n), 1, a.base,
          dnnl_dim_t(n), b.base, dnnl_dim_t(n), 0, c.base, dnnl_dim_t(n)),
        "dnnl_sgemm")
    }
    return 2 * Double(n * n * n) / min(openBLAS, oneDNN) / 1e9
  }

  private static func bestSeconds(_ product: () -> Void) -> Double {
    let clock = ContinuousClock()
    return (0..<3).map { _ in clock.measure(product) / .seconds(1) }.min() ?? .infinity
  }
}

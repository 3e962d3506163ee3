// Non-temporal stores, which layers do only with large tensors, against plain stores.

import CKernels
import TestSupport
import Testing

@testable import VARedNN

@Suite struct StreamedStoresTests {
  /// Both ways to write, into memory of its own each: bit for bit the same.
  private func expectSame(
    _ what: String, floats: Int, _ write: (UnsafeMutablePointer<Float>, Bool) -> Void
  ) {
    let (plain, streamed) = (FloatBuffer(floats), FloatBuffer(floats))
    write(plain.base, false)
    write(streamed.base, true)
    #expect(plain.all.elementsEqual(streamed.all), "\(what)")
    #expect(plain.all.contains { $0 != 0 }, "\(what)")
  }

  /// Odd numbers of pixels, so that frames begin anywhere a pixel may.
  @Test(arguments: [1, 7, 35, 300]) func equalsPlainStores(_ framePixels: Int) {
    let lanes = ChannelBlock.lanes
    let frames = 3
    let floats = frames * framePixels * lanes
    let x = normals(floats, "x")
    let dy = normals(floats, "dy")
    let a = normals(lanes, "a")
    let b = normals(lanes, "b")
    expectSame("moments", floats: floats) { to, streamed in
      var sums = [Double](repeating: 0, count: 2 * lanes)
      ChannelBlock.kernels.moments(x, frames * framePixels, &sums, to, streamed)
      for l in 0..<lanes {
        let column = stride(from: l, to: floats, by: lanes).map { Double(x[$0]) }
        expectClose([Float(sums[l])], [Float(column.reduce(0, +))], rtol: 1e-4, "sum")
      }
    }
    x.withUnsafeBufferPointer { x in
      dy.withUnsafeBufferPointer { dy in
        a.withUnsafeBufferPointer { a in
          b.withUnsafeBufferPointer { b in
            expectSame("normalize", floats: floats) { to, streamed in
              var normalization = vared_normalization(
                y: to, scale: a.baseAddress, shift: b.baseAddress, residual: vared_affine(),
                statistics: vared_frame_statistics(), streamed: streamed)
              ChannelBlock.kernels.normalize(
                &normalization, x.baseAddress, Int32(frames), framePixels)
            }
            expectSame("normalize_apply", floats: floats) { to, streamed in
              let from = vared_incoming(
                first: dy.baseAddress, second: nil, means: nil, mean_lanes: 0, mean_stride: 0)
              var job = vared_normalize_gradient_job(
                dy: from, mask: vared_mask(), x: x.baseAddress, frames: Int32(frames),
                frame_pixels: framePixels)
              ChannelBlock.kernels.normalize_apply(
                &job, a.baseAddress, b.baseAddress, a.baseAddress, to, streamed)
            }
          }
        }
      }
    }
  }

  @Test(arguments: [1, 7, 35, 300]) func theTemporalGradientEqualsPlainStores(_ framePixels: Int) {
    let tile = ChannelBlock.lanes * ChannelBlock.lanes
    let planeFloats = framePixels * ChannelBlock.lanes
    let dy = normals(2 * planeFloats, "dy")
    let weights = normals(2 * 3 * tile, "weights")
    dy.withUnsafeBufferPointer { dy in
      weights.withUnsafeBufferPointer { weights in
        expectSame("temporal gradient", floats: 2 * 3 * planeFloats) { to, streamed in
          var job = vared_temporal_job(
            in_frames: 3, out_frames: 2, kernel: 3, stride: 2, frame_pixels: framePixels,
            in_blocks: 2, out_blocks: 1, dy: dy.baseAddress, weights: weights.baseAddress,
            streamed: streamed)
          for frame in 0..<3 {
            ChannelBlock.kernels.temporal_gradient(&job, to, Int32(frame), 0, framePixels)
          }
        }
      }
    }
  }
}

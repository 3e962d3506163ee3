// The C kernels for the channel-blocked layout.

import CKernels

extension ChannelBlock {
  /// The kernels for `lanes` lanes. A constant table of C functions, which keep no state: any
  /// thread may call them.
  static let kernels = vared_kernels_for(Int32(lanes)).pointee
}

extension vared_extent {
  init(_ extent: Extent) {
    self.init(t: Int32(extent.t), h: Int32(extent.h), w: Int32(extent.w))
  }

  init(_ shape: ActivationShape) {
    self.init(t: Int32(shape.frames), h: Int32(shape.height), w: Int32(shape.width))
  }
}

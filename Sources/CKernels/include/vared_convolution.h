// Convolutions: what the kernels of their gradients and strides take (WeightGradient.swift,
// TemporalGradient.swift, PointwiseConvolution.swift).
#ifndef VARED_CONVOLUTION_H
#define VARED_CONVOLUTION_H

#include <stdbool.h>
#include <stddef.h>

/// A length along time, height and width.
typedef struct {
  int t, h, w;
} vared_extent;

/// What the stride keeps of the whole: one channel block's pixel o is the whole's pixel o·stride.
typedef struct {
  vared_extent whole, kept, stride;
} vared_sampling;

/// What `weight_gradient` computes. Zero padding is kernel / 2 before each axis; output pixel o
/// reads the input at o·stride − padding + tap, whatever lies outside counting as zero.
typedef struct {
  vared_extent input, output, kernel, stride;
  /// Channel blocks of the input and of the gradient of the output.
  int in_blocks, out_blocks;
  /// Each clip's input and gradient of the output, in the channel-blocked layout.
  const float *const *x, *const *dy;
  int clips;
  /// Per input channel, or null: the convolution's input is max(x·scale + shift, 0).
  const float *scale, *shift;
  /// Whether to add to what is in dw.
  bool accumulate;
  /// The pairs of an input and an output block to do, of in_blocks · out_blocks: pair p is input
  /// block p / out_blocks and output block p mod out_blocks. Pairs are independent of one another.
  int first, last;
} vared_weight_gradient_job;

/// What `temporal_gradient` computes: one clip's dx of a kernel × 1 × 1 convolution with
/// `kernel / 2` frames of zero padding before the first.
typedef struct {
  int in_frames, out_frames, kernel, stride;
  ptrdiff_t frame_pixels;
  int in_blocks, out_blocks;
  /// [out_blocks][out_frames][frame_pixels][lanes].
  const float *dy;
  /// [out block][in block][tap][out lane][in lane].
  const float *weights;
  /// Whether dx is written with non-temporal stores.
  bool streamed;
} vared_temporal_job;

#endif

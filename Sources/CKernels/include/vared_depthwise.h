// Depthwise convolutions and swish: what their kernels take (DepthwiseConvolution.swift,
// SwishNorm.swift).
#ifndef VARED_DEPTHWISE_H
#define VARED_DEPTHWISE_H

#include "vared_convolution.h"
#include "vared_normalize.h"

/// A depthwise convolution of one clip's channel block: kernel t × 3 × 3 with strides (1, s, s), s
/// 1 or 2, or t × 1 × 1 with stride 1. Zero padding is kernel / 2 on both sides.
typedef struct {
  vared_extent input, output, kernel;
  /// Along height and width.
  int stride;
  /// The frames of the output lie 2^frame_shift frames of the input apart.
  int frame_shift;
} vared_depthwise;

/// v of x on its way to y = v / (1 + e^−v): v = x·scale + shift per lane.
typedef struct {
  const float *scale, *shift;
} vared_swish;

/// What becomes of x on its way to y = swish(v).
typedef struct {
  vared_swish map;
  float *y;
  vared_frame_statistics statistics;
  /// Whether y is written with non-temporal stores.
  bool streamed;
} vared_swish_output;

/// What both passes of the backward read: g = dy·swish'(v), with the incoming gradient dy, and the
/// input.
typedef struct {
  vared_swish map;
  vared_incoming dy;
  const float *x;
  int frames;
  ptrdiff_t frame_pixels;
} vared_swish_gradient_job;

#endif

// Depthwise convolutions and swish: what their kernels take (DepthwiseConvolution.swift,
// SwishNorm.swift).
#ifndef VARED_DEPTHWISE_H
#define VARED_DEPTHWISE_H

#include "vared_convolution.h"

/// A depthwise convolution of one clip's channel block: kernel t × 3 × 3 with strides (1, s, s), s
/// 1 or 2, or t × 1 × 1 with stride 1. Zero padding is kernel / 2 on both sides.
typedef struct {
  vared_extent input, output, kernel;
  /// Along height and width.
  int stride;
} vared_depthwise;

/// v of x on its way to y = v / (1 + e^−v): v = x·scale + shift per lane.
typedef struct {
  const float *scale, *shift;
} vared_swish;

#endif

// Convolutions over space by minimal filtering: what their kernels take (Winograd.swift).
#ifndef VARED_WINOGRAD_H
#define VARED_WINOGRAD_H

#include <stddef.h>

/// Products of a tile of 4×4 outputs.
enum { WINOGRAD_POINTS = 36 };

/// A 1×3×3 convolution with stride 1 and zero padding 1 of pictures of height × width pixels, cut
/// into tiles of 4×4 outputs: picture after picture, row after row.
typedef struct {
  int height, width;
  int in_blocks, out_blocks;
} vared_winograd_tiling;

/// Where pictures lie in the channel-blocked layout: `frames` frames of the first clip, then as
/// many of the next. So many floats are between two clips, two blocks and two frames.
typedef struct {
  int frames;
  ptrdiff_t clip_floats, block_floats, frame_floats;
} vared_pictures;

/// What `winograd` computes.
typedef struct {
  vared_winograd_tiling tiling;
  vared_pictures in, out;
  const float *x;
  float *y;
  /// Of `winograd_weights`, for `weight_blocks` input blocks, of which the first in_blocks are
  /// read.
  const float *weights;
  int weight_blocks;
  /// Per output channel, or null: y = max(conv(x) + bias, 0).
  const float *bias;
} vared_winograd_job;

/// The gradient of the weights, for tiles [first, last) at a time: `winograd_gradient_points` for
/// every block, then `winograd_gradient_sum` for every item; after the last tiles
/// `winograd_gradient_taps`. The first tiles' `first` is 0.
typedef struct {
  vared_winograd_tiling tiling;
  vared_pictures in, out;
  /// Each clip's input and gradient of the output; `clip_floats` of `in` and `out` are not read.
  const float *const *x, *const *dy;
  /// Per input channel, or null: the convolution's input is max(x·scale + shift, 0).
  const float *scale, *shift;
  int first, last;
  /// `winograd_gradient_floats` for `last − first` tiles.
  float *points;
  /// `winograd_weight_floats`, kept from the first tiles to the last.
  float *sums;
} vared_winograd_gradient_job;

#endif

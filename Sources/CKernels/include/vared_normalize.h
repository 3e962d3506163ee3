// Batch normalization: what its kernels take (BatchNorm.swift, NormalizingPass.swift).
#ifndef VARED_NORMALIZE_H
#define VARED_NORMALIZE_H

#include <stdbool.h>
#include <stddef.h>

/// value · scale + shift per lane. `data` may be null: absent.
typedef struct {
  const float *data;
  const float *scale;
  const float *shift;
} vared_affine;

/// Statistics of y, frame by frame, taken as it is written: for each of the first `lanes` lanes, at
/// [lane · stride + t].
typedef struct {
  /// The mean of y over frame t; null where it is not read, as the next.
  float *means;
  /// The mean of |y[t] − y[t−1]|.
  float *energies;
  /// Memory for a plane in which y[t] is kept for the next frame, from call to call; null: y[t−1]
  /// lies before y[t] and is read there.
  float *previous;
  int lanes, stride;
  /// Whether the first frame has none before it: its energy is 0.
  bool starts;
} vared_frame_statistics;

/// What becomes of v on its way to y: y = max(v·scale + shift [+ residual·scale + shift], 0).
typedef struct {
  float *y;
  const float *scale;
  const float *shift;
  vared_affine residual;
  vared_frame_statistics statistics;
  /// Whether y is written with non-temporal stores.
  bool streamed;
} vared_normalization;

/// The gradient that reaches an activation: up to two tensors, and the gradient of its spatial
/// means (laid out as `means` above; already divided by the pixels of a frame).
typedef struct {
  const float *first;
  const float *second;
  const float *means;
  int mean_lanes, mean_stride;
} vared_incoming;

/// Where a ReLU lets the gradient pass: `output` > 0 where given; else x·scale + shift > 0 where
/// `scale` is given; else everywhere.
typedef struct {
  const float *output;
  const float *scale;
  const float *shift;
} vared_mask;

/// What both passes of the backward read: g, the incoming gradient behind the mask, and the input.
typedef struct {
  vared_incoming dy;
  vared_mask mask;
  const float *x;
  int frames;
  ptrdiff_t frame_pixels;
} vared_normalize_gradient_job;

#endif

// The kernels of CKernels.h: each body is in the .inc files, compiled for 16 and for 8 lanes, and for
// three instruction sets among which the loader chooses.
#include "CKernels.h"
#include "audit.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

// Makes what was written past the caches visible to other threads.
#if defined(__x86_64__)
#define streamed() __builtin_ia32_sfence()
#else
#define streamed() ((void)0)
#endif

#pragma clang diagnostic ignored "-Wpsabi"

typedef int bits_16 __attribute__((vector_size(64), aligned(4)));
typedef int bits_8 __attribute__((vector_size(32), aligned(4)));

#include "strips.h"

#define LANES 16
#define NAME(f) f##_16
#include "kernels.inc"
#include "mixing.inc"
#include "weight_gradient.inc"
#include "temporal_gradient.inc"
#include "winograd.inc"
#include "winograd_gradient.inc"
#include "motion_energy.inc"
#include "end_kernels.inc"
#undef LANES
#undef NAME

#define LANES 8
#define NAME(f) f##_8
#include "kernels.inc"
#include "mixing.inc"
#include "weight_gradient.inc"
#include "temporal_gradient.inc"
#include "winograd.inc"
#include "winograd_gradient.inc"
#include "motion_energy.inc"
#include "end_kernels.inc"
#undef LANES
#undef NAME

#define CHOOSE(f, ...) (lanes == 16 ? f##_16(__VA_ARGS__) : f##_8(__VA_ARGS__))
// For kernels that compute; those that only move pixels or prepare weights are not in the audit.
#define COMPUTE(f, ...) (note_call(), CHOOSE(f, __VA_ARGS__))

void vared_moments(int lanes, const float *x, ptrdiff_t pixels, double *sums, float *copy,
                bool past_caches) {
  COMPUTE(moments, x, pixels, sums, copy, past_caches);
}

void vared_normalize(int lanes, float *y, vared_affine x, vared_affine residual, bool relu, int frames,
                  ptrdiff_t frame_pixels, vared_notes notes, bool past_caches) {
  COMPUTE(normalize, y, x, residual, relu, frames, frame_pixels, notes, past_caches);
}

void vared_normalize_reduce(int lanes, vared_incoming dy, vared_mask mask, const float *x,
                         const float *mean, float *masked, int frames, ptrdiff_t frame_pixels,
                         double *sums) {
  COMPUTE(normalize_reduce, dy, mask, x, mean, masked, frames, frame_pixels, sums);
}

void vared_normalize_apply(int lanes, float *dx, vared_incoming dy, vared_mask mask, const float *x,
                        const float *a, const float *b, const float *c, int frames,
                        ptrdiff_t frame_pixels, bool past_caches) {
  COMPUTE(normalize_apply, dx, dy, mask, x, a, b, c, frames, frame_pixels, past_caches);
}

void vared_mix_plane(int lanes, float *out, int height, int width, const vared_term *terms, int count,
                  bool transposed) {
  COMPUTE(mix_plane, out, height, width, terms, count, transposed);
}

void vared_mix_normalize(int lanes, float *y, float *partial, int height, int width,
                      const vared_term *terms, int count, const float *scale, const float *shift,
                      vared_affine residual, vared_notes notes, bool past_caches) {
  COMPUTE(mix_normalize, y, partial, height, width, terms, count, scale, shift, residual, notes,
          past_caches);
}

double vared_correlate_plane(int lanes, const float *dy, const float *x, int height, int width,
                          float scale, const float *weights, float *taps) {
  return COMPUTE(correlate_plane, dy, x, height, width, scale, weights, taps);
}

double vared_dot(int lanes, const float *a, const float *b, ptrdiff_t pixels) {
  return COMPUTE(dot, a, b, pixels);
}

void vared_subsample(int lanes, float *out, const float *in, int frames, int height, int width,
                  int in_height, int in_width, int st, int sh, int sw) {
  CHOOSE(subsample, out, in, frames, height, width, in_height, in_width, st, sh, sw);
}

void vared_upsample_zero(int lanes, float *out, const float *in, int frames, int height, int width,
                      int out_frames, int out_height, int out_width, int st, int sh, int sw) {
  CHOOSE(upsample_zero, out, in, frames, height, width, out_frames, out_height, out_width, st, sh,
         sw);
}

void vared_weight_gradient(int lanes, const vared_weight_gradient_job *job, float *dw, float *scratch) {
  COMPUTE(weight_gradient, job, dw, scratch);
}

ptrdiff_t vared_weight_gradient_scratch(int lanes, const vared_weight_gradient_job *job) {
  const vared_extent in = job->input;
  if (is_temporal(job)) return (ptrdiff_t)in.t * temporal_strip_pixels * lanes;
  const int rows = (spatial_strip_rows(job) - 1) * job->stride.h + job->kernel.h;
  return (ptrdiff_t)min_int(rows, in.h) * in.w * lanes;
}

void vared_temporal_gradient(int lanes, const vared_temporal_job *job, float *dx, int frame,
                          ptrdiff_t from, ptrdiff_t to) {
  COMPUTE(temporal_gradient, job, dx, frame, from, to);
}

void vared_transpose_tiles(int lanes, float *out, const float *in, int tiles, bool reversed) {
  CHOOSE(transpose_tiles, out, in, tiles, reversed);
}

void vared_winograd(int lanes, const vared_winograd_job *job, int first, int last, float *scratch) {
  COMPUTE(winograd, job, first, last, scratch);
}

ptrdiff_t vared_winograd_scratch(int lanes, const vared_winograd_tiling *tiling, int tiles) {
  const ptrdiff_t sums = CHOOSE(sum_floats, tiles);
  return 36 * (CHOOSE(point_floats, tiles, tiling->in_blocks * lanes) + sums);
}

void vared_winograd_weights(int lanes, const vared_winograd_tiling *tiling, float *to, const float *weights,
                         int block, bool mirrored, const float *scale) {
  CHOOSE(winograd_weights, tiling, to, weights, block, mirrored, scale);
}

ptrdiff_t vared_winograd_weight_floats(int lanes, const vared_winograd_tiling *tiling) {
  return 36 * tiling->out_blocks * CHOOSE(point_floats, 1, tiling->in_blocks * lanes * lanes);
}

void vared_winograd_gradient_points(int lanes, const vared_winograd_gradient_job *job, int block) {
  COMPUTE(winograd_gradient_points, job, block);
}

int vared_winograd_gradient_items(const vared_winograd_tiling *tiling) {
  // Output blocks go by threes, or what is left by twos.
  return 36 * ((tiling->out_blocks + 2) / 3);
}

void vared_winograd_gradient_sum(int lanes, const vared_winograd_gradient_job *job, int item) {
  COMPUTE(winograd_gradient_sum, job, item);
}

void vared_winograd_gradient_taps(int lanes, const vared_winograd_gradient_job *job, int block, float *dw,
                               bool accumulate) {
  COMPUTE(winograd_gradient_taps, job, block, dw, accumulate);
}

ptrdiff_t vared_winograd_gradient_floats(int lanes, const vared_winograd_tiling *tiling, int tiles) {
  const ptrdiff_t ins = CHOOSE(point_floats, tiles, tiling->in_blocks * lanes);
  return 36 * (ins + CHOOSE(point_floats, tiles, tiling->out_blocks * lanes));
}

void vared_motion_energy_gradient(int lanes, float *dx, vared_affine x, const float *gradient,
                               int gradient_lanes, int gradient_stride, int frames,
                               ptrdiff_t frame_pixels) {
  COMPUTE(motion_energy_gradient, dx, x, gradient, gradient_lanes, gradient_stride, frames,
         frame_pixels);
}

CLONES static void sgd(float *p, float *m, const float *gradient, ptrdiff_t count, float scale,
                       float decay, float momentum, float rate) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const float g = scale * gradient[i] + decay * p[i];
    m[i] = momentum * m[i] + g;
    p[i] -= rate * (g + momentum * m[i]);
  }
}

void vared_sgd(float *p, float *m, const float *gradient, ptrdiff_t count, float scale, float decay,
            float momentum, float rate) {
  note_call();
  sgd(p, m, gradient, count, scale, decay, momentum, rate);
}

CLONES static void add(float *y, const float *x, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) y[i] += x[i];
}

void vared_add(float *y, const float *x, ptrdiff_t count) {
  note_call();
  add(y, x, count);
}

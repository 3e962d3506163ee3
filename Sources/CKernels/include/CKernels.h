// Vector kernels for what oneDNN and OpenBLAS do not have, in the channel-blocked layout.
//
// A *plane* is height × width pixels of `lanes` consecutive channels; a *run* is any number of
// consecutive pixels. `lanes` is 16 (AVX-512) or 8. Each kernel is compiled for AVX-512, AVX2 and
// the baseline, and chosen when the program is loaded. Pointers to pixels are aligned to the
// size of a pixel; per-lane arrays hold `lanes` values. No kernel allocates; the loop over
// threads is apart, at the end.
#ifndef VARED_CKERNELS_H
#define VARED_CKERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vared_convolution.h"
#include "vared_depthwise.h"
#include "vared_mixing.h"
#include "vared_normalize.h"
#include "vared_winograd.h"

// Only the table's functions say that they are never null, so that Swift calls them as they are.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wnullability-completeness"

/// The kernels for one number of lanes.
typedef struct {
  // --- batch normalization ---

  /// sums[0..lanes) += Σ x, sums[lanes..2·lanes) += Σ x², over a run; copy = x where it is not
  /// null, with non-temporal stores where `streamed`.
  void (*_Nonnull moments)(const float *x, ptrdiff_t pixels, double *sums, float *copy,
                           bool streamed);

  /// y of x, frame after frame.
  void (*_Nonnull normalize)(const vared_normalization *to, const float *x, int frames,
                             ptrdiff_t frame_pixels);

  /// sums[0..lanes) = Σ g, sums[lanes..] = Σ g·(x − mean); g is stored when `masked` is not null.
  void (*_Nonnull normalize_reduce)(const vared_normalize_gradient_job *job, const float *mean,
                                    float *masked, double *sums);

  /// dx = a·g + b·x + c per lane, with non-temporal stores where `streamed`.
  void (*_Nonnull normalize_apply)(const vared_normalize_gradient_job *job, const float *a,
                                   const float *b, const float *c, float *dx, bool streamed);

  // --- batch normalization followed by swish ---

  /// y of x, frame after frame; y may be x.
  void (*_Nonnull swish)(const vared_swish_output *to, const float *x, int frames,
                         ptrdiff_t frame_pixels);

  /// sums[0..lanes) = Σ g, sums[lanes..) = Σ g·(x − mean).
  void (*_Nonnull swish_reduce)(const vared_swish_gradient_job *job, const float *mean,
                                double *sums);

  /// dx = a·g + b·x + c per lane, with non-temporal stores where `streamed`.
  void (*_Nonnull swish_apply)(const vared_swish_gradient_job *job, const float *a,
                               const float *b, const float *c, float *dx, bool streamed);

  // --- depthwise convolutions, one clip's channel block at a time; weights are [tap][lane] ---

  /// Frames [from, to) of y, side by side from y on, of a whole block x. Where `sums` is not null,
  /// sums[0..lanes) += Σ y and sums[lanes..2·lanes) += Σ y². With non-temporal stores where
  /// `streamed`.
  void (*_Nonnull depthwise)(const vared_depthwise *shape, const float *x, const float *weights,
                             float *y, int from, int to, double *sums, bool streamed);

  /// Frames [from, to) of dx, side by side from dx on, of a whole block dy.
  void (*_Nonnull depthwise_gradient)(const vared_depthwise *shape, const float *dy,
                                      const float *weights, float *dx, int from, int to,
                                      bool streamed);

  /// dw of a whole block, assigned.
  void (*_Nonnull depthwise_weights)(const vared_depthwise *shape, const float *x,
                                     const float *dy, float *dw);

  // --- modulated mixing and cheap operations ---

  /// out = Σ terms.
  void (*_Nonnull mix_plane)(const vared_mixing *mixing, float *out);

  /// y of Σ terms, one frame, in one pass; at least one term. `partial` is memory for the plane,
  /// used where there are more.
  void (*_Nonnull mix_normalize)(const vared_mixing *mixing, const vared_normalization *to,
                                 float *partial);

  /// With c[k][lane] = Σ dy[pixel] · x[pixel + offset k]: taps += scale · c, and returns
  /// Σ c · weights (0 when `weights` is null): the gradient of the taps and of the term's weight at
  /// once.
  double (*_Nonnull correlate_plane)(const float *dy, const float *x, int height, int width,
                                     float scale, const float *weights, float *taps);

  /// Σ a·b over a run.
  double (*_Nonnull dot)(const float *a, const float *b, ptrdiff_t pixels);

  // --- the gradients of a convolution's weights and of its input ---

  /// dw[out block][in block][tap][in lane][out lane] = Σ over clips and pixels of x · dy, for the
  /// job's pairs; always summed in the same order.
  void (*_Nonnull weight_gradient)(const vared_weight_gradient_job *job, float *dw,
                                   float *scratch);

  /// Floats of scratch that one call needs where `scale` is given.
  ptrdiff_t (*_Nonnull weight_gradient_scratch)(const vared_weight_gradient_job *job);

  /// dx[in block][frame][pixel][lane], assigned for one frame's pixels [from, to) of every block;
  /// zero where no tap reaches.
  void (*_Nonnull temporal_gradient)(const vared_temporal_job *job, float *dx, int frame,
                                     ptrdiff_t from, ptrdiff_t to);

  // --- convolutions over space by minimal filtering ---

  /// y = conv(x) for tiles [first, last) and all output blocks. A tile's outputs do not depend on
  /// which others are done with it.
  void (*_Nonnull winograd)(const vared_winograd_job *job, int first, int last, float *scratch);

  /// Floats of scratch that one call for so many tiles needs.
  ptrdiff_t (*_Nonnull winograd_scratch)(const vared_winograd_tiling *tiling, int tiles);

  /// The weights of one output block as `winograd` reads them, from [out block][in block][9][in
  /// lane][out lane], times `scale` per output channel where given. Where `rotated`, `winograd` is
  /// to compute the gradient of the input of the convolution with these weights:
  /// `tiling.in_blocks` counts the blocks of the gradient of its output, and `block` is one of its
  /// input.
  void (*_Nonnull winograd_weights)(const vared_winograd_tiling *tiling, float *to,
                                    const float *weights, int block, bool rotated,
                                    const float *scale);

  /// Floats of all output blocks' weights.
  ptrdiff_t (*_Nonnull winograd_weight_floats)(const vared_winograd_tiling *tiling);

  /// Transforms x's block `block` or, from in_blocks on, dy's block `block − in_blocks`.
  void (*_Nonnull winograd_gradient_points)(const vared_winograd_gradient_job *job, int block);

  /// Adds the products of one of the WINOGRAD_POINTS and a few output blocks, the items of
  /// `winograd_gradient_items`; assigns where `first` is 0. Items are independent of one another.
  void (*_Nonnull winograd_gradient_sum)(const vared_winograd_gradient_job *job, int item);

  /// How many items there are: of each group of output blocks, all points.
  int (*_Nonnull winograd_gradient_items)(const vared_winograd_tiling *tiling);

  /// The first output block of a group; of the number of groups, the number of blocks.
  int (*_Nonnull winograd_gradient_block)(const vared_winograd_tiling *tiling, int group);

  /// dw[block][in block][9][in lane][out lane] = the gradient of one output block, or += it.
  void (*_Nonnull winograd_gradient_taps)(const vared_winograd_gradient_job *job, int block,
                                          float *dw, bool accumulate);

  /// Floats of `points` for so many tiles.
  ptrdiff_t (*_Nonnull winograd_gradient_floats)(const vared_winograd_tiling *tiling, int tiles);

  // --- gates (MotionEnergy.swift) ---

  /// The adjoint of motion energy, added to dx; `gradient` is laid out as `energies` of
  /// vared_frame_statistics and already divided by the pixels of a frame. What was read is
  /// `x.data`, or max(x.data · scale + shift, 0) where `x.scale` is given.
  void (*_Nonnull motion_energy_gradient)(float *dx, vared_affine x, const float *gradient,
                                          int gradient_lanes, int gradient_stride, int frames,
                                          ptrdiff_t frame_pixels);

  // --- moving values ---

  /// kept = what the stride keeps of the whole.
  void (*_Nonnull subsample)(const vared_sampling *sampling, float *kept, const float *whole);

  /// The adjoint: the whole is zero but for what the stride keeps.
  void (*_Nonnull upsample_zero)(const vared_sampling *sampling, float *whole, const float *kept);

  /// out = in with every lanes × lanes tile transposed, the `tiles` tiles in reverse order where
  /// `reversed`.
  void (*_Nonnull transpose_tiles)(float *out, const float *in, int tiles, bool reversed);
} vared_kernels;

/// The kernels for 16 or for 8 lanes.
const vared_kernels *_Nonnull vared_kernels_for(int lanes);

// --- optimizer and vectors ---

/// PyTorch's SGD with Nesterov momentum: g = scale·gradient + decay·p; m = momentum·m + g;
/// p −= rate · (g + momentum·m).
void vared_sgd(float *p, float *m, const float *gradient, ptrdiff_t count, float scale,
               float decay, float momentum, float rate);

/// y += x.
void vared_add(float *y, const float *x, ptrdiff_t count);

/// sums += x·scale, each rounded to a whole number; what is not below `limit` in size is left out,
/// and false returned. limit·scale < 2^62; scale is a power of two.
bool vared_add_fixed(int64_t *sums, const float *x, ptrdiff_t count, double scale, float limit);

/// y = sums·unit.
void vared_from_fixed(float *y, const int64_t *sums, ptrdiff_t count, double unit);

// --- calls that compute, counted where they arrive (ExecutionCounter.swift) ---

/// Starts to count, from zero, the calls of the kernels above that compute, on all threads; those
/// that only move values or prepare weights do not count.
void vared_count_calls(void);

/// Counts a call of another engine: oneDNN, OpenBLAS.
void vared_note_call(void);

/// How many calls there were.
ptrdiff_t vared_calls(void);

// --- threads: the one OpenMP pool that oneDNN runs on ---

/// Sets how many threads the calling thread's parallel regions use, oneDNN's included.
void vared_set_threads(int threads);

/// How many threads that is.
int vared_threads(void);

/// The calling thread's number among them, from 0; 0 outside of a parallel region.
int vared_thread(void);

/// Calls body(context, i) for every i in [0, count), spread over the pool.
void vared_parallel_for(ptrdiff_t count, void (*body)(void *context, ptrdiff_t i), void *context);

#pragma clang diagnostic pop

#endif

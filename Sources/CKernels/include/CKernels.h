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

// --- batch normalization (BatchNorm.swift) ---

/// sums[0..lanes) += Σ x, sums[lanes..2·lanes) += Σ x², over a run; copy = x where it is not null,
/// past the caches where `past_caches`.
void vared_moments(int lanes, const float *x, ptrdiff_t pixels, double *sums, float *copy,
                bool past_caches);

/// One operand of `vared_normalize`: value · scale + shift per lane. `data` may be null: absent.
typedef struct {
  const float *data;
  const float *scale;
  const float *shift;
} vared_affine;

/// What is noted about y, frame by frame, as it is written: for each of the first `lanes` lanes, at
/// [lane · stride + t].
typedef struct {
  /// The mean of y over frame t; null where nobody reads it, as the next.
  float *means;
  /// The mean of |y[t] − y[t−1]|.
  float *energies;
  /// Memory for a plane in which y[t] is kept for the next frame, from call to call; null: y[t−1] lies
  /// before y[t] and is read there.
  float *before;
  int lanes, stride;
  /// Whether the first frame has none before it: its energy is 0.
  bool starts;
} vared_notes;

/// y = act(x·scale + shift [+ residual·scale + shift]), frame after frame. y is written past the caches
/// where `past_caches`.
void vared_normalize(int lanes, float *y, vared_affine x, vared_affine residual, bool relu, int frames,
                  ptrdiff_t frame_pixels, vared_notes notes, bool past_caches);

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

/// sums[0..lanes) = Σ g, sums[lanes..] = Σ g·(x − mean); g is the masked incoming gradient and is
/// stored when `masked` is not null.
void vared_normalize_reduce(int lanes, vared_incoming dy, vared_mask mask, const float *x,
                         const float *mean, float *masked, int frames, ptrdiff_t frame_pixels,
                         double *sums);

/// dx = a·g + b·x + c per lane, g being the masked incoming gradient; dx is written past the caches
/// where `past_caches`.
void vared_normalize_apply(int lanes, float *dx, vared_incoming dy, vared_mask mask, const float *x,
                        const float *a, const float *b, const float *c, int frames,
                        ptrdiff_t frame_pixels, bool past_caches);

// --- modulated mixing and cheap operations (ClipMixing.swift) ---

/// One term of a mixed plane: weight · source, or, when `taps` is not null, the 3×3 depthwise
/// correlation of source with taps[9][lanes] scaled by weight (zero padding 1).
typedef struct {
  const float *source;
  const float *taps;
  float weight;
} vared_term;

/// out = Σ terms; `transposed` flips the taps (the adjoint operation).
void vared_mix_plane(int lanes, float *out, int height, int width, const vared_term *terms, int count,
                  bool transposed);

/// y = act((Σ terms)·scale + shift [+ residual·scale + shift]) of one frame, and what is noted about it,
/// in one pass; count ≥ 1. `partial` is memory for the plane, used where count > 1. As vared_normalize
/// writes y past the caches where `past_caches`.
void vared_mix_normalize(int lanes, float *y, float *partial, int height, int width,
                      const vared_term *terms, int count, const float *scale, const float *shift,
                      vared_affine residual, vared_notes notes, bool past_caches);

/// With c[k][lane] = Σ dy[pixel] · x[pixel + offset k]: taps += scale · c, and returns Σ c · weights
/// (0 when `weights` is null): the gradient of the taps and of the term's weight at once.
double vared_correlate_plane(int lanes, const float *dy, const float *x, int height, int width,
                          float scale, const float *weights, float *taps);

/// Σ a·b over a run.
double vared_dot(int lanes, const float *a, const float *b, ptrdiff_t pixels);

// --- the gradient of a convolution's weights (WeightGradient.swift) ---

/// A length along time, height and width.
typedef struct {
  int t, h, w;
} vared_extent;

/// What vared_weight_gradient computes. Zero padding is kernel / 2 before each axis; output pixel o
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

/// dw[out block][in block][tap][in lane][out lane] = Σ over clips and pixels of x · dy, for the
/// job's pairs; always summed in the same order.
void vared_weight_gradient(int lanes, const vared_weight_gradient_job *job, float *dw, float *scratch);

/// Floats of scratch that one call needs where `scale` is given.
ptrdiff_t vared_weight_gradient_scratch(int lanes, const vared_weight_gradient_job *job);

/// out = in with every lanes × lanes tile transposed, the `tiles` tiles in reverse order where
/// `reversed`.
void vared_transpose_tiles(int lanes, float *out, const float *in, int tiles, bool reversed);

// --- convolutions over space by minimal filtering (Winograd.swift) ---

/// A 1×3×3 convolution with stride 1 and zero padding 1 of pictures of height × width pixels, cut into
/// tiles of 4×4 outputs: picture after picture, row after row.
typedef struct {
  int height, width;
  int in_blocks, out_blocks;
} vared_winograd_tiling;

/// Where pictures lie in the channel-blocked layout: `frames` frames of the first clip, then as many of
/// the next. So many floats are between two clips, two blocks and two frames.
typedef struct {
  int frames;
  ptrdiff_t clip_floats, block_floats, frame_floats;
} vared_pictures;

/// What vared_winograd computes.
typedef struct {
  vared_winograd_tiling tiling;
  vared_pictures in, out;
  const float *x;
  float *y;
  /// Of vared_winograd_weights, for `weight_blocks` input blocks, of which the first in_blocks are read.
  const float *weights;
  int weight_blocks;
  /// Per output channel, or null: y = max(conv(x) + bias, 0).
  const float *bias;
} vared_winograd_job;

/// y = conv(x) for tiles [first, last) and all output blocks. A tile's outputs do not depend on which
/// others are done with it.
void vared_winograd(int lanes, const vared_winograd_job *job, int first, int last, float *scratch);

/// Floats of scratch that one call for so many tiles needs.
ptrdiff_t vared_winograd_scratch(int lanes, const vared_winograd_tiling *tiling, int tiles);

/// The weights of one output block as vared_winograd reads them, from [out block][in block][9][in
/// lane][out lane], times `scale` per output channel where given. Where `mirrored`, vared_winograd is to
/// compute the gradient of the input of the convolution with these weights: `tiling.in_blocks` counts
/// the blocks of the gradient of its output, and `block` is one of its input.
void vared_winograd_weights(int lanes, const vared_winograd_tiling *tiling, float *to, const float *weights,
                         int block, bool mirrored, const float *scale);

/// Floats of all output blocks' weights.
ptrdiff_t vared_winograd_weight_floats(int lanes, const vared_winograd_tiling *tiling);

/// The gradient of the weights, for tiles [first, last) at a time: vared_winograd_gradient_points for
/// every block, then vared_winograd_gradient_sum for every item; after the last tiles
/// vared_winograd_gradient_taps. The first tiles' `first` is 0.
typedef struct {
  vared_winograd_tiling tiling;
  vared_pictures in, out;
  /// Each clip's input and gradient of the output; `clip_floats` of `in` and `out` are not read.
  const float *const *x, *const *dy;
  /// Per input channel, or null: the convolution's input is max(x·scale + shift, 0).
  const float *scale, *shift;
  int first, last;
  /// vared_winograd_gradient_floats for `last − first` tiles.
  float *points;
  /// vared_winograd_weight_floats, kept from the first tiles to the last.
  float *sums;
} vared_winograd_gradient_job;

/// Transforms x's block `block` or, from in_blocks on, dy's block `block − in_blocks`.
void vared_winograd_gradient_points(int lanes, const vared_winograd_gradient_job *job, int block);

/// Adds the products of one of the 36 points and a few output blocks, the items of
/// vared_winograd_gradient_items; assigns where `first` is 0. Items are independent of one another.
void vared_winograd_gradient_sum(int lanes, const vared_winograd_gradient_job *job, int item);

/// How many items there are.
int vared_winograd_gradient_items(const vared_winograd_tiling *tiling);

/// dw[block][in block][9][in lane][out lane] = the gradient of one output block, or += it.
void vared_winograd_gradient_taps(int lanes, const vared_winograd_gradient_job *job, int block, float *dw,
                               bool accumulate);

/// Floats of `points` for so many tiles.
ptrdiff_t vared_winograd_gradient_floats(int lanes, const vared_winograd_tiling *tiling, int tiles);

// --- the gradient of the input of a convolution over time (TemporalGradient.swift) ---

/// What vared_temporal_gradient computes: one clip's dx of a kernel × 1 × 1 convolution with `kernel / 2`
/// frames of zero padding before the first.
typedef struct {
  int in_frames, out_frames, kernel, stride;
  ptrdiff_t frame_pixels;
  int in_blocks, out_blocks;
  /// [out_blocks][out_frames][frame_pixels][lanes].
  const float *dy;
  /// [out block][in block][tap][out lane][in lane].
  const float *weights;
  /// Whether dx is written past the caches.
  bool past_caches;
} vared_temporal_job;

/// dx[in block][frame][pixel][lane], assigned for one frame's pixels [from, to) of every block; zero
/// where no tap reaches.
void vared_temporal_gradient(int lanes, const vared_temporal_job *job, float *dx, int frame,
                          ptrdiff_t from, ptrdiff_t to);

// --- gates (MotionEnergy.swift) ---

/// The adjoint of motion energy, added to dx; `gradient` is laid out as `energies` of vared_notes and already
/// divided by the pixels of a frame. What was read is `x.data`, or max(x.data · scale + shift, 0) where
/// `x.scale` is given.
void vared_motion_energy_gradient(int lanes, float *dx, vared_affine x, const float *gradient,
                               int gradient_lanes, int gradient_stride, int frames,
                               ptrdiff_t frame_pixels);

// --- moving pixels ---

/// out[t][h][w] = in[t·st][h·sh][w·sw], for one channel block.
void vared_subsample(int lanes, float *out, const float *in, int frames, int height, int width,
                  int in_height, int in_width, int st, int sh, int sw);

/// The adjoint: out is zero except where vared_subsample reads.
void vared_upsample_zero(int lanes, float *out, const float *in, int frames, int height, int width,
                      int out_frames, int out_height, int out_width, int st, int sh, int sw);

// --- optimizer and vectors ---

/// PyTorch's SGD with Nesterov momentum: g = scale·gradient + decay·p; m = momentum·m + g;
/// p −= rate · (g + momentum·m).
void vared_sgd(float *p, float *m, const float *gradient, ptrdiff_t count, float scale, float decay,
            float momentum, float rate);

/// y += x.
void vared_add(float *y, const float *x, ptrdiff_t count);

// --- the audit (ExecutionCounter.swift): every call that computes, counted where it arrives ---

/// Starts to count, from zero, the calls of the kernels above that compute, on all threads; those that
/// only move pixels or prepare weights do not count.
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

#endif

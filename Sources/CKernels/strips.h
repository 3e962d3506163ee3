// How a convolution's pixels are cut into strips, and where a tap meets the input.
#ifndef VARED_STRIPS_H
#define VARED_STRIPS_H

#include "CKernels.h"

static inline int min_int(int a, int b) { return a < b ? a : b; }
static inline int max_int(int a, int b) { return a > b ? a : b; }

typedef struct {
  int from, to;
} span;

// Which of `frames` frames are read for frame t of what is written: those that are written lie
// 2^spread apart in time or, for the gradient of the input, those that are read lie 2^gap apart.
typedef struct {
  int frames, half, spread, gap;
} frame_walk;

// The frame under tap `a` of frame t; -1: none.
static inline int frame_under(frame_walk walk, int t, int a) {
  const int time = (t << walk.spread) + a - walk.half, frame = time >> walk.gap;
  return time >= 0 && frame << walk.gap == time && frame < walk.frames ? frame : -1;
}

static inline frame_walk forward_walk(const vared_depthwise *shape) {
  return (frame_walk){shape->input.t, shape->kernel.t / 2, shape->frame_shift, 0};
}

// With the taps in reverse.
static inline frame_walk gradient_walk(const vared_depthwise *shape) {
  return (frame_walk){shape->output.t, shape->kernel.t / 2, 0, shape->frame_shift};
}

// Outputs o in [from, to) whose input o·stride + offset exists among `size`.
static inline span meeting(int size, int from, int to, int offset, int stride) {
  const int first = offset < 0 ? (-offset + stride - 1) / stride : 0;
  const int last = size - 1 - offset;
  return (span){max_int(from, first), min_int(to, last < 0 ? 0 : last / stride + 1)};
}

// Where a strip lies: of one clip, output rows [from, to) of frame t as far as tap `a` along time
// meets the input; or, over time alone, pixels [from, to) of every frame.
typedef struct {
  int clip, t, a, from, to;
} strip_place;

// Output blocks [first, last) of one input block: some of a job's pairs.
typedef struct {
  int in_block, first, last;
} pair_run;

// The job's pairs from `pair` on, as far as they share their input block.
static inline pair_run pairs_from(const vared_weight_gradient_job *job, int pair) {
  const int first = pair % job->out_blocks;
  return (pair_run){pair / job->out_blocks, first,
                    min_int(job->out_blocks, first + job->last - pair)};
}

// Long enough that loading and storing the sums does not count, short enough for the caches.
enum { temporal_strip_pixels = 112, spatial_strip_pixels = 448 };

// A convolution over time alone sees the pixels of a frame as one row.
static inline bool is_temporal(const vared_weight_gradient_job *job) {
  return job->kernel.h == 1 && job->kernel.w == 1 && job->stride.h == 1 && job->stride.w == 1;
}

static inline int spatial_strip_rows(const vared_weight_gradient_job *job) {
  return min_int(job->output.h, max_int(1, spatial_strip_pixels / job->output.w));
}

#endif

// The kernels of CKernels.h: their bodies are in kinds/, one kind a file, compiled for 16 and
// for 8 lanes.
#include "CKernels.h"
#include "call_count.h"
#include "clones.h"
#include "strips.h"
#include "variants.h"

#include <string.h>

// Makes non-temporal stores visible to other threads.
#if defined(__x86_64__)
#define fence_streams() __builtin_ia32_sfence()
#else
#define fence_streams() ((void)0)
#endif

#pragma clang diagnostic ignored "-Wpsabi"

#define LANES 16
#define NAME(f) f##_16
#include "kinds/table.inc"
#undef LANES
#undef NAME

#define LANES 8
#define NAME(f) f##_8
#include "kinds/table.inc"
#undef LANES
#undef NAME

const vared_kernels *vared_kernels_for(int lanes) {
  return lanes == 16 ? &kernels_16 : &kernels_8;
}

// What every kernel is compiled for.
#ifndef VARED_CLONES_H
#define VARED_CLONES_H

#define INLINE static inline __attribute__((always_inline))
// Three instruction sets, among which the loader chooses.
#if defined(__x86_64__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#endif

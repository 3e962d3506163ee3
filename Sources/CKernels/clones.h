// What every kernel is compiled for.
#ifndef VARED_CLONES_H
#define VARED_CLONES_H

#define INLINE static inline __attribute__((always_inline))
// Three instruction sets, among which the loader chooses. The thread sanitizer is called in the
// choice, too, before it is there: under it there is one.
#if defined(__x86_64__) && !__has_feature(thread_sanitizer)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

#endif

// FFmpeg's libraries for Swift: error codes and "no value" constants are C macros.
#ifndef VARED_CFFMPEG_SHIM_H
#define VARED_CFFMPEG_SHIM_H
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#endif

// FFmpeg's libraries for Swift: error codes and "no value" constants are C macros.
#ifndef VARED_CFFMPEG_SHIM_H
#define VARED_CFFMPEG_SHIM_H
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/crc.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libavutil/sha.h>
#include <libswscale/swscale.h>

static inline int vared_averror_eof(void) { return AVERROR_EOF; }
static inline int vared_averror_eagain(void) { return AVERROR(EAGAIN); }
static inline int64_t vared_no_timestamp(void) { return AV_NOPTS_VALUE; }

// The stream's display matrix (9 × int32, 16.16 fixed point), or NULL: FFmpeg 6.1 moved it.
static inline const int32_t *vared_display_matrix(const AVStream *stream) {
#if LIBAVCODEC_VERSION_MAJOR >= 61
  const AVPacketSideData *side = av_packet_side_data_get(
      stream->codecpar->coded_side_data, stream->codecpar->nb_coded_side_data,
      AV_PKT_DATA_DISPLAYMATRIX);
  return side && side->size >= 9 * sizeof(int32_t) ? (const int32_t *)side->data : NULL;
#else
  size_t size = 0;
  const uint8_t *data = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  return data && size >= 9 * sizeof(int32_t) ? (const int32_t *)data : NULL;
#endif
}

// Room for a display matrix (9 × int32) on a stream that is to be written, or NULL.
static inline int32_t *vared_new_display_matrix(AVStream *stream) {
  const size_t size = 9 * sizeof(int32_t);
#if LIBAVCODEC_VERSION_MAJOR >= 61
  AVPacketSideData *side = av_packet_side_data_new(
      &stream->codecpar->coded_side_data, &stream->codecpar->nb_coded_side_data,
      AV_PKT_DATA_DISPLAYMATRIX, size, 0);
  return side ? (int32_t *)side->data : NULL;
#else
  return (int32_t *)av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, size);
#endif
}
#endif

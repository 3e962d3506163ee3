// The one activation layout: channels in blocks of `lanes`, the lanes innermost.

import CDNNL

/// The channel-blocked layout `[N, C/lanes, T, H, W, lanes]` that activations keep from the stem
/// to the pooling. Channels are padded to a multiple of `lanes`; padding is always zero.
public enum ChannelBlock {
  /// 16 where oneDNN generates AVX-512 code, else 8.
  public static let lanes = vared_dnnl_has_avx512() != 0 ? 16 : 8

  /// Number of blocks that hold `channels` channels.
  static func count(_ channels: Int) -> Int { (channels + lanes - 1) / lanes }

  /// `channels` rounded up to whole blocks.
  static func padded(_ channels: Int) -> Int { count(channels) * lanes }
}

package org.smpvisor.cpu;

/** Keeps the fields of {@link PcpuAttention} off the cache line of the object header and what precedes it. */
@SuppressWarnings("unused")
abstract class PcpuPadding {
    private long p00, p01, p02, p03, p04, p05, p06, p07, p08, p09, p10, p11, p12, p13, p14, p15;
}

package org.smpvisor.cpu;

/** Keeps the owner's fields off the cache line that others write. */
@SuppressWarnings("unused")
abstract class PcpuTailPadding extends PcpuAttention {
    private long q00, q01, q02, q03, q04, q05, q06, q07, q08, q09, q10, q11, q12, q13, q14, q15;
}

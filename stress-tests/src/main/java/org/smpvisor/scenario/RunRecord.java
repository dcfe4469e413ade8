package org.smpvisor.scenario;

import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** What a run leaves behind; reports are made from this alone. */
public record RunRecord(
        RunOptions options,
        Verdict verdict,
        String explanation,
        double seconds,
        int rounds,
        int machines,
        long raised,
        long coalesced,
        Map<String, Long> counters,
        long lost,
        long duplicated,
        long revived,
        List<Finding> findings,
        Map<String, Integer> violationsByKind,
        Map<String, Long> unmet,
        Map<String, Long> quirkHits,
        Map<String, Long> lockAcquisitions,
        Map<String, Long> lockContentions,
        List<String> lockEdges,
        Histogram latency,
        String hang,
        MemoryUse memory) {
    public RunRecord {
        findings = List.copyOf(findings);
        lockEdges = List.copyOf(lockEdges);
    }

    /** Value of a counter by the name of its constant. */
    public long counter(org.smpvisor.cpu.Counter c) {
        return counters.getOrDefault(c.name(), 0L);
    }
}

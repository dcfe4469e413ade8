package org.smpvisor.scenario;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.HdrHistogram.Histogram;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockRecord;
import org.smpvisor.machine.Machine;
import org.smpvisor.oracle.Violation;
import org.smpvisor.variant.Quirk;

/** Figures of a run, summed over the machines that it used. */
final class RunTotals {
    final Map<String, Long> counters = new LinkedHashMap<>();
    final Map<String, Long> acquisitions = new LinkedHashMap<>();
    final Map<String, Long> contentions = new LinkedHashMap<>();
    final Map<String, Long> quirkHits = new LinkedHashMap<>();
    final Map<String, Integer> violations = new LinkedHashMap<>();
    final TreeSet<String> lockEdges = new TreeSet<>();
    Histogram latency;
    LockRecord locks;
    long raised;
    long coalesced;
    long lost;
    long revived;
    int machines;

    /** Adds what a session has come to; once, when it is over. */
    void add(StormSession s) {
        Machine m = s.machine();
        machines++;
        for (Counter c : Counter.values()) {
            counters.merge(c.name(), m.total(c), Long::sum);
        }
        for (Pcpu p : m.pcpus()) {
            for (LockClass c : LockClass.values()) {
                if (p.held().acquisitions(c) > 0) {
                    acquisitions.merge(c.name(), p.held().acquisitions(c), Long::sum);
                    contentions.merge(c.name(), p.held().contentions(c), Long::sum);
                }
            }
        }
        for (Quirk q : Quirk.values()) {
            if (s.marks().hits(q) > 0) {
                quirkHits.merge(q.name(), s.marks().hits(q), Long::sum);
            }
        }
        lockEdges.addAll(m.validator().edges());
        LockRecord record = m.validator().record(m.pcpus());
        locks = locks == null ? record : locks.plus(record);
        Histogram h = s.ledger().latency();
        if (latency == null) {
            latency = h;
        } else {
            latency.add(h);
        }
        raised += s.lineAssertions()
                + s.ledger().setPending()
                + m.total(Counter.GUEST_SGIS)
                + s.ledger().timersAndEvents();
        coalesced += m.devices().coalesced() + m.total(Counter.GUEST_SGIS_COALESCED);
        lost += s.ledger().lost();
        revived += s.revived();
        for (Violation.Kind k : Violation.Kind.values()) {
            if (s.ledger().count(k) > 0) {
                violations.merge(k.name(), s.ledger().count(k), Integer::sum);
            }
        }
    }
}

package org.smpvisor.cli;

import java.util.concurrent.Callable;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.scenario.*;
import org.smpvisor.variant.*;

/** Temporary probe. */
public final class StressCommand {
    public static void main(String[] a) {
        Variant v = a[0].equals("fixed") ? Variant.allFixed() : Variant.xen();
        Scenario s = Scenarios.named(a[1]).orElseThrow();
        int pcpus = a.length > 3 ? Integer.parseInt(a[3]) : s.pcpus();
        RunOptions o = new RunOptions(s, pcpus, s.domains(), s.vcpus(), Double.parseDouble(a[2]), 1, v,
                MachineDescription.qemuVirt().withCpus(pcpus), true, "");
        StormRun r = new StormRun(o, new StormRun.Listener() {
            public void progress(StormRun run, double t) {}
            public void found(Finding f) { if (run++ < 5) { System.out.println(f.violation().kind() + " by " + f.explainedBy() + " " + f.violation().text()); f.violation().history().forEach(h -> System.out.println("    " + h)); } }
            int run;
        });
        RunRecord rec = r.run();
        System.out.println(rec.verdict() + " " + rec.explanation());
        System.out.println("raised " + rec.raised() + " coalesced " + rec.coalesced() + " lost " + rec.lost() + " rounds " + rec.rounds() + " s " + rec.seconds());
        rec.counters().forEach((k, n) -> System.out.print(k + "=" + n + " "));
        System.out.println();
        System.out.println("acks/s " + (long) (rec.counter(org.smpvisor.cpu.Counter.GUEST_ACKS) / rec.seconds()));
        System.out.println(rec.violationsByKind() + " hits " + rec.quirkHits());
        System.out.println(rec.lockAcquisitions() + "\n" + rec.lockContentions());
        System.out.println(rec.lockEdges());
        if (rec.hang() != null) System.out.println(rec.hang());
        System.out.println("p50 " + rec.latency().getValueAtPercentile(50) + " p99 " + rec.latency().getValueAtPercentile(99));
    }
}

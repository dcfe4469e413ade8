package org.smpvisor.bench;

import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.smpvisor.abi.GuestProgram;
import org.smpvisor.cpu.Counter;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.guest.GuestMemory;
import org.smpvisor.machine.DomainSpec;
import org.smpvisor.machine.Machine;
import org.smpvisor.machine.MachineDescription;
import org.smpvisor.machine.MachineSpec;
import org.smpvisor.oracle.Audit;
import org.smpvisor.oracle.Ledger;
import org.smpvisor.variant.Variant;

/**
 * How often a second a guest gets round its loop: one domain, one vCPU on each pCPU, everything as in a normal run: lock
 * validator, oracle, event rings. Each run has a machine of its own, which comes to rest at its end and is audited.
 */
final class GuestJob implements Subject {
    private static final int VIRTUAL_LINE = 200;
    private static final long PATIENCE_NANOS = 10_000_000_000L;
    private static final double START = 0.1;

    private final int pcpus;
    private final Counter counter;
    private final Function<GuestMemory, GuestProgram> program;

    /** @param counter what is counted, on pCPU 0, where vCPU 0 runs */
    GuestJob(int pcpus, Counter counter, Function<GuestMemory, GuestProgram> program) {
        this.pcpus = pcpus;
        this.counter = counter;
        this.program = program;
    }

    @Override
    public double rate(double seconds) {
        GuestMemory memory = new GuestMemory(new int[0], new boolean[0], new int[] {VIRTUAL_LINE});
        DomainSpec domain = new DomainSpec(pcpus, List.of(), id -> program.apply(memory));
        Ledger ledger = new Ledger(1, pcpus, pcpus);
        MachineSpec spec = MachineSpec.of(MachineDescription.qemuVirt().withCpus(pcpus), Variant.xen())
                .withDomains(List.of(domain))
                .withWitness(ledger);
        try (Machine machine = new Machine(spec)) {
            ledger.connect(machine.hardware().distributor(), machine.devices()::age, (d, intid) -> List.of());
            machine.start();
            wake(machine, memory);
            awaitMore(machine, 0);
            sleep(machine, seconds * START);
            long from = System.nanoTime();
            long before = machine.pcpu(0).counter(counter);
            sleep(machine, seconds);
            awaitMore(machine, before); // on a busy host a short run may end before anything has happened
            long done = machine.pcpu(0).counter(counter) - before;
            long nanos = System.nanoTime() - from;
            memory.setResting(true);
            judge(machine, ledger);
            return done * 1e9 / nanos;
        }
    }

    /** Guests begin now that all vCPUs are on: an SGI to one that is not would be dropped. */
    private static void wake(Machine machine, GuestMemory memory) {
        check(machine);
        memory.setResting(false);
        for (int i = 0; i < machine.pcpus().length; i++) {
            Vcpu v = machine.domains().get(0).vcpu(i);
            machine.post(i, cpu -> machine.scheduler().unblock(cpu, v));
        }
    }

    private void awaitMore(Machine machine, long before) {
        long until = System.nanoTime() + PATIENCE_NANOS;
        while (machine.pcpu(0).counter(counter) == before) {
            check(machine);
            if (System.nanoTime() > until) {
                throw new BenchFailure("the guest does not get on");
            }
            LockSupport.parkNanos(100_000);
        }
    }

    private static void sleep(Machine machine, double seconds) {
        long until = System.nanoTime() + (long) (seconds * 1e9);
        for (long left = until - System.nanoTime(); left > 0; left = until - System.nanoTime()) {
            LockSupport.parkNanos(Math.min(left, 50_000_000L));
            check(machine);
        }
    }

    private static void check(Machine machine) {
        if (machine.failure() != null) {
            throw new BenchFailure(
                    "the machine failed on " + machine.failedOn() + ": " + machine.failure(), machine.failure());
        }
    }

    private static void judge(Machine machine, Ledger ledger) {
        long until = System.nanoTime() + PATIENCE_NANOS;
        for (int calm = 0; calm < 3; ) {
            check(machine);
            if (System.nanoTime() > until) {
                throw new BenchFailure("the machine does not come to rest");
            }
            LockSupport.parkNanos(200_000);
            calm = machine.isAtRest() ? calm + 1 : 0;
        }
        new Audit(ledger, machine.hardware(), machine.driver(), machine.pcpus())
                .judge(machine.domains().get(0), true);
        var violations = ledger.drain();
        if (!violations.isEmpty()) {
            throw new BenchFailure("the oracle found: " + violations.get(0));
        }
        var locking = machine.validator().violations();
        if (!locking.isEmpty()) {
            throw new BenchFailure("a lock rule is broken: " + locking.get(0));
        }
        if (machine.total(Counter.GUEST_ACKS) != machine.total(Counter.GUEST_ENDS)) {
            throw new BenchFailure("not every acknowledge was ended");
        }
    }
}

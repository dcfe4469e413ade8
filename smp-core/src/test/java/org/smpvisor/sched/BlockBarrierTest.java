package org.smpvisor.sched;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.smpvisor.abi.SysReg;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Softirqs;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.MmioAccess;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.engine.BoundedSearch;
import org.smpvisor.engine.BufferedStores;
import org.smpvisor.engine.ControlledPcpus;
import org.smpvisor.engine.Outcome;
import org.smpvisor.engine.Strategy;

/**
 * A vCPU goes to sleep while an event is posted to it. The sleeper announces itself and then looks for an event; the poster
 * posts and then looks for a sleeper: without a full fence on each side both may look too early.
 */
class BlockBarrierTest {
    private ControlledPcpus b;
    private Scheduler scheduler;
    private Vcpu v;
    private IntCell event;

    private void arrange() {
        b = new ControlledPcpus(2);
        event = new IntCell("event");
        Domain d = new Domain(1, 1);
        for (Pcpu p : b.cpus) {
            p.timers().connect((cpu, deadline) -> {});
            p.softirqs().open(Softirqs.TIMER, p.timers()::run);
        }
        scheduler = new Scheduler(b.cpus, (from, to, id) -> {}, new EventsOnly(), new NoContext(), (cpu, vcpu) -> true);
        v = new Vcpu(d, 0, null, null);
        d.add(v);
        scheduler.place(v, 0);
        v.pauseFlags().reset(0);
        v.running().reset(1);
        b.cpus[0].setCurrent(v);
    }

    /** Events are looked up without a lock, as those of the event channels are. */
    private final class EventsOnly implements VgicOps {
        @Override
        public void injectIrq(Pcpu cpu, Domain domain, Vcpu vcpu, int virq, boolean level) {}

        @Override
        public void syncFromLrs(Pcpu cpu, Vcpu vcpu) {}

        @Override
        public void syncToLrs(Pcpu cpu) {}

        @Override
        public boolean pendingIrq(Pcpu cpu, Vcpu vcpu) {
            return event.getOpaque(cpu) != 0;
        }

        @Override
        public void moveIrqs(Pcpu cpu, Vcpu vcpu) {}

        @Override
        public boolean mmio(Pcpu cpu, Vcpu vcpu, MmioAccess io) {
            return false;
        }

        @Override
        public boolean sysregWrite(Pcpu cpu, Vcpu vcpu, SysReg reg, long value) {
            return false;
        }
    }

    private static final class NoContext implements Scheduler.Context {
        @Override
        public void save(Pcpu cpu, Vcpu prev) {}

        @Override
        public void restore(Pcpu cpu, Vcpu next) {}

        @Override
        public boolean hadFullListRegisters(Vcpu vcpu) {
            return false;
        }
    }

    /** The function as it stands, less its fence. */
    private void blockWithoutFence(Pcpu cpu, Vcpu vcpu) {
        vcpu.pauseFlags().setBit(cpu, Vcpu.VPF_BLOCKED);
        cpu.softirqs().raise(cpu, Softirqs.SCHEDULE); // the guest has its interrupts masked
        if (event.getOpaque(cpu) != 0) {
            scheduler.unblock(cpu, vcpu);
        }
    }

    /** Whether in some schedule of {@code search} the vCPU ends up blocked with an event that nobody will tell it of. */
    private boolean sleepsThroughAnEvent(Strategy search, BiConsumer<Pcpu, Vcpu> block) {
        int runs = 0;
        do {
            arrange();
            Outcome o = b.run(search, cpu -> block.accept(cpu, v), cpu -> {
                event.setOpaque(cpu, 1);
                scheduler.kick(cpu, v);
            });
            assertThat(o.end()).isEqualTo(Outcome.End.QUIESCENT);
            if ((v.pauseFlags().peek() & 1 << Vcpu.VPF_BLOCKED) != 0) {
                assertThat(event.peek()).isEqualTo(1);
                return true;
            }
        } while (search.end() && ++runs < 20_000);
        return false;
    }

    @Test
    void withItsFenceNoScheduleSleepsThroughAnEvent() {
        Strategy s = new BufferedStores(new BoundedSearch(3, 0));
        assertThat(sleepsThroughAnEvent(s, (cpu, vcpu) -> scheduler.blockUnlessEventPending(cpu)))
                .isFalse();
    }

    @Test
    void withoutTheFenceSomeScheduleDoes() {
        Strategy s = new BufferedStores(new BoundedSearch(2, 0));
        assertThat(sleepsThroughAnEvent(s, this::blockWithoutFence)).isTrue();
    }

    @Test
    void withoutStoreBuffersTheMissingFenceDoesNotShow() {
        assertThat(sleepsThroughAnEvent(new BoundedSearch(3, 0), this::blockWithoutFence))
                .isFalse();
    }
}

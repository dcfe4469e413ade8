package org.smpvisor.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.smpvisor.abi.GicAbi;
import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.GuestProgram;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Tasklets;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.entry.GuestDied;
import org.smpvisor.gic.host.CpuHotplug;
import org.smpvisor.gic.host.IrqDesc;
import org.smpvisor.guest.GuestGic;
import org.smpvisor.guest.Script;
import org.smpvisor.guest.ScriptGuest;
import org.smpvisor.variant.Variant;

/** pCPUs that go down and come up, and domains that are killed, on a whole machine with real threads. */
class ComingAndGoingTest {
    private static final int A = 48;
    private static final int B = 49;
    private static final int PRIORITY = 0xa0;
    private static final long PATIENCE_NANOS = 20_000_000_000L;

    /** A machine, its guests, and what the test has Xen do on it. */
    private static final class World implements AutoCloseable {
        final Machine machine;
        final List<ScriptGuest> guests = new ArrayList<>();

        World(int version, int pcpus, Script... scripts) {
            MachineDescription d =
                    (version == 2 ? MachineDescription.qemuVirtGicV2() : MachineDescription.qemuVirt()).withCpus(pcpus);
            GuestGic gic = version == 2 ? GuestGic.v2() : GuestGic.v3();
            int[] lines = {A, B};
            int[] priorities = {PRIORITY, PRIORITY};
            for (Script s : scripts) {
                guests.add(new ScriptGuest(gic, s, lines, priorities, false, false));
            }
            List<MachineDescription.Irq> passed = Arrays.stream(lines)
                    .mapToObj(spi -> d.devices().stream()
                            .flatMap(x -> x.interrupts().stream())
                            .filter(i -> i.intid() == spi)
                            .findFirst()
                            .orElseThrow())
                    .toList();
            machine = new Machine(MachineSpec.of(d, Variant.allFixed())
                    .withDomains(List.of(new DomainSpec(scripts.length, passed, guests::get))));
            machine.start();
            await(() -> vcpus().allMatch(v -> ScriptGuest.isReady(v.guest())));
            machine.devices().setOpen(true);
        }

        Stream<Vcpu> vcpus() {
            Domain d = machine.domains().get(0);
            return IntStream.range(0, d.maxVcpus()).mapToObj(d::vcpu);
        }

        Vcpu vcpu(int i) {
            return machine.domains().get(0).vcpu(i);
        }

        void release() {
            guests.forEach(ScriptGuest::release);
        }

        void await(BooleanSupplier condition) {
            long end = System.nanoTime() + PATIENCE_NANOS;
            while (!condition.getAsBoolean()) {
                assertThat(machine.failure()).isNull();
                assertThat(System.nanoTime()).as("waited in vain").isLessThan(end);
                Thread.onSpinWait();
            }
        }

        /** Has Xen do something on a pCPU, once. */
        void on(int pcpu, Tasklets.Work work) {
            until(pcpu, cpu -> {
                work.run(cpu);
                return true;
            });
        }

        /** Has Xen do something on a pCPU, again and again until it says that it is done. */
        void until(int pcpu, Predicate<Pcpu> work) {
            boolean[] over = new boolean[1];
            while (!over[0]) {
                CountDownLatch ran = new CountDownLatch(1);
                machine.post(pcpu, cpu -> {
                    over[0] = work.test(cpu);
                    ran.countDown();
                });
                await(() -> ran.getCount() == 0);
            }
        }

        boolean isActive(int spi) {
            return machine.hardware().distributor().isActive(spi);
        }

        boolean isGuests(int spi) {
            int status = machine.irq().desc(machine.pcpu(0), spi).status().peek();
            return (status & 1 << IrqDesc.IRQ_GUEST) != 0;
        }

        boolean isDisabled(Pcpu of, int ppi) {
            int status = machine.irq().desc(of, ppi).status().peek();
            return (status & 1 << IrqDesc.IRQ_DISABLED) != 0;
        }

        long acks(int pcpu) {
            return machine.pcpu(pcpu).counter(Counter.GUEST_SPI_ACKS);
        }

        long acks() {
            return machine.total(Counter.GUEST_SPI_ACKS);
        }

        /** Raises a line and waits until a guest has acknowledged and ended it. */
        void serve(int spi) {
            long before = machine.total(Counter.GUEST_ENDS);
            long acks = acks();
            machine.devices().raise(spi);
            await(() -> acks() == acks + 1 && machine.total(Counter.GUEST_ENDS) > before && !isActive(spi));
        }

        @Override
        public void close() {
            machine.close();
            assertThat(machine.failure()).isNull();
            assertThat(machine.validator().violations()).isEmpty();
        }
    }

    // ---- pCPUs ------------------------------------------------------------------------------------------------------

    private static void takeDown(World w, int pcpu) {
        CpuHotplug.Removal removal = new CpuHotplug.Removal(w.machine.pcpu(pcpu));
        w.until(0, cpu -> w.machine.hotplug().offline(cpu, removal));
    }

    private static World servedOnCpu1(int version) {
        World w = new World(version, 3, new Script(), new Script().route(A, 1).turnRound());
        w.release();
        w.await(() -> w.machine.hardware().distributor().target(A) == 1);
        w.serve(A);
        assertThat(w.acks(1)).isEqualTo(1);
        return w;
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void aPcpuThatGoesDownGivesItsVcpusAndTheirLinesAway(int version) {
        try (World w = servedOnCpu1(version)) {
            takeDown(w, 1);
            Pcpu down = w.machine.pcpu(1);
            assertThat(down.isOnline()).isFalse();
            assertThat(down.current().isIdle()).isTrue();
            assertThat(w.vcpus().map(v -> v.processor().peek())).doesNotContain(1);
            int now = w.vcpu(1).processor().peek();
            w.await(() -> w.machine.hardware().distributor().target(A) == now);
            w.serve(A);
            assertThat(w.acks(1)).as("none of them there").isEqualTo(1);
            assertThat(w.acks(now)).isPositive();
            assertThat(w.machine.total(Counter.PCPUS_OFFLINED)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void itsOwnInterruptsAreDisabledAndItsInterfaceSignalsNothing(int version) {
        try (World w = servedOnCpu1(version)) {
            takeDown(w, 1);
            Pcpu down = w.machine.pcpu(1);
            MachineDescription d = w.machine.spec().description();
            for (int ppi : new int[] {d.gic().maintenanceIrq(), d.hypTimerPpi(), d.virtTimerPpi()}) {
                assertThat(w.isDisabled(down, ppi)).as("PPI %d", ppi).isTrue();
                assertThat(w.isDisabled(w.machine.pcpu(2), ppi))
                        .as("of another pCPU")
                        .isFalse();
            }
            long before = down.counter(Counter.IRQS_IN_XEN);
            w.on(0, cpu -> w.machine.gic().sendSgi(cpu, down, 0));
            w.serve(A);
            assertThat(down.counter(Counter.IRQS_IN_XEN)).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void broughtUpAgainItTakesInterruptsAsBefore(int version) {
        try (World w = servedOnCpu1(version)) {
            for (int round = 1; round <= 3; round++) {
                takeDown(w, 1);
                w.until(0, cpu -> w.machine.hotplug().online(cpu, w.machine.pcpu(1)));
                assertThat(w.machine.pcpu(1).isOnline()).isTrue();
                long before = w.acks(1);
                w.on(0, cpu -> w.machine.scheduler().migrate(cpu, w.vcpu(1), 1));
                w.await(() -> w.vcpu(1).processor().peek() == 1
                        && w.machine.hardware().distributor().target(A) == 1);
                w.serve(A);
                assertThat(w.acks(1)).isEqualTo(before + 1);
                int ppi = w.machine.spec().description().hypTimerPpi();
                assertThat(w.isDisabled(w.machine.pcpu(1), ppi)).isFalse();
            }
            assertThat(w.machine.total(Counter.PCPUS_ONLINED)).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void aPcpuThatIsDownIsNotTakenDownAgainAndOneThatIsUpNotBroughtUp(int version) {
        try (World w = servedOnCpu1(version)) {
            w.until(0, cpu -> w.machine.hotplug().online(cpu, w.machine.pcpu(1)));
            assertThat(w.machine.total(Counter.PCPUS_ONLINED)).isZero();
            takeDown(w, 1);
            takeDown(w, 1);
            assertThat(w.machine.total(Counter.PCPUS_OFFLINED)).isEqualTo(1);
        }
    }

    // ---- domains ----------------------------------------------------------------------------------------------------

    private static void kill(World w, int via) {
        Domain d = w.machine.domains().get(0);
        w.until(via, cpu -> w.machine.lifecycle().kill(cpu, d));
        w.await(d::isDestroyed);
    }

    /** vCPU 0 has acknowledged {@code A} and not ended it, and {@code B} waits in a list register. */
    private static World withInterruptsInFlight(int version) {
        World w = new World(
                version,
                2,
                new Script().startMasked().ring(A).take().ring(B).trap().trap().turnRound(),
                new Script().turnRound());
        w.release();
        w.await(() -> w.guests.get(0).isDone(w.vcpu(0).guest()));
        w.await(() -> w.acks() == 1 && w.isActive(A) && w.isActive(B));
        return w;
    }

    @ParameterizedTest
    @CsvSource({"2, 0", "2, 1", "3, 0", "3, 1"})
    void aDomainThatIsKilledLeavesNoInterruptActive(int version, int via) {
        try (World w = withInterruptsInFlight(version)) {
            Domain d = w.machine.domains().get(0);
            kill(w, via);
            for (int spi : new int[] {A, B}) {
                assertThat(w.isActive(spi)).as("SPI %d", spi).isFalse();
                assertThat(w.isGuests(spi)).isFalse();
                assertThat(w.machine.hardware().distributor().isEnabled(spi)).isFalse();
                assertThat(w.machine.vgicOf(d).spi(spi).desc().peek()).isNull();
            }
            for (Pcpu p : w.machine.pcpus()) {
                assertThat(p.current().isIdle()).isTrue();
            }
            assertThat(w.machine.total(Counter.DOMAINS_DESTROYED)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void aLineThatRisesAfterThatIsKeptForWhoeverGetsItNext(int version) {
        try (World w = withInterruptsInFlight(version)) {
            kill(w, 0);
            long before = w.machine.total(Counter.INJECTIONS);
            w.machine.devices().raise(A);
            assertThat(w.machine.hardware().distributor().isPending(A)).isTrue();
            w.on(0, cpu -> {});
            w.on(1, cpu -> {});
            assertThat(w.machine.total(Counter.INJECTIONS)).isEqualTo(before);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void aDomainThatIsCreatedAgainIsServed(int version) {
        try (World w = new World(version, 2, new Script().turnRound(), new Script().turnRound())) {
            w.release();
            for (int round = 1; round <= 3; round++) {
                w.serve(A);
                w.machine.devices().raise(B); // which may be anywhere when the domain dies
                kill(w, round % 2);
                w.on(0, cpu -> w.machine.createAgain(cpu, 0));
                w.await(() -> w.vcpus().allMatch(v -> w.guests.get(v.vcpuId()).isDone(v.guest())));
                w.await(() -> !w.isActive(B));
            }
            w.serve(A);
            assertThat(w.machine.total(Counter.DOMAINS_CREATED)).isEqualTo(3);
        }
    }

    // ---- SErrors ----------------------------------------------------------------------------------------------------

    /** A guest with a store that fails, of which it is told {@code steps} steps later, and no handler. */
    private static GuestProgram unprepared(int steps) {
        return new GuestProgram() {
            @Override
            public void step(GuestCpu c) {
                switch (c.pc) {
                    case 0 -> c.unmask().then(1);
                    case 1 -> c.failingStore(steps).then(2);
                    case 2 -> c.read32(GicAbi.GUEST_GICD_BASE).then(3);
                    default -> c.branch().then(3);
                }
            }
        };
    }

    /** By a vector of its own, and in the window of the trap. */
    @ParameterizedTest
    @ValueSource(ints = {0, 50})
    void aGuestWithoutAHandlerForSErrorsDies(int steps) {
        MachineDescription d = MachineDescription.qemuVirt().withCpus(1);
        MachineSpec spec = MachineSpec.of(d, Variant.xen())
                .withDomains(List.of(new DomainSpec(1, List.of(), id -> unprepared(steps))));
        try (Machine m = new Machine(spec)) {
            m.start();
            long end = System.nanoTime() + PATIENCE_NANOS;
            while (m.failure() == null && System.nanoTime() < end) {
                Thread.onSpinWait();
            }
            assertThat(m.failure()).isInstanceOf(GuestDied.class).hasMessageContaining("died of an SError");
            assertThat(m.total(Counter.SERRORS)).isEqualTo(1);
        }
    }
}

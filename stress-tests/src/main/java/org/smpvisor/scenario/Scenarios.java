package org.smpvisor.scenario;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.smpvisor.cpu.Counter;
import org.smpvisor.guest.GuestPlan;
import org.smpvisor.scenario.Scenario.Environment;

/** The workloads that the program knows. */
public final class Scenarios {
    private static final int MANY = 300;

    private static final int SOME = 20;

    private static final Map<Counter, Integer> EVERYTHING_HARD = Map.of(
            Counter.MIGRATIONS_DEFERRED, MANY,
            Counter.MIGRATIONS_REFUSED, MANY,
            Counter.EVICTIONS, MANY,
            Counter.UIE, MANY,
            Counter.IRQS_UNDER_LOCK, MANY,
            Counter.VCPU_MOVES_FULL, MANY,
            Counter.GUEST_SGIS_COALESCED, MANY,
            Counter.CPU_OFFS, 60,
            Counter.DOMAINS_DESTROYED, SOME,
            Counter.PCPUS_OFFLINED, SOME);

    private static final List<Scenario> ALL = List.of(
            new Scenario(
                    "all",
                    "everything at once: SPI and SGI storm while SPIs move between vCPUs and vCPUs between pCPUs, timers,"
                            + " events; vCPUs, pCPUs and domains that come and go",
                    new GuestPlan(200, 120, 160, 10, 24, 8, 0, 0, 40, 16, 60, false, 300)
                            .with(12, 6, true)
                            .withOff(1, 50),
                    4,
                    2,
                    4,
                    16,
                    0,
                    new Environment(150, 8, 4, 6, 50, 400, 20).withComingAndGoing(800, 300, 40),
                    EVERYTHING_HARD),
            new Scenario(
                    "spi-storm",
                    "device lines fire as fast as they can, nothing moves",
                    new GuestPlan(300, 0, 0, 0, 0, 0, 0, 0, 60, 20, 100, false, 500),
                    4,
                    2,
                    4,
                    16,
                    0,
                    new Environment(150, 16, 4, 0, 50, 400),
                    Map.of(Counter.GUEST_SPI_ACKS, 100 * MANY, Counter.UIE, MANY, Counter.EVICTIONS, MANY)),
            new Scenario(
                    "spi-echo",
                    "one device line for each vCPU, and vCPUs that sleep in between",
                    new GuestPlan(1, 0, 0, 0, 0, 0, 0, 0, 1, 30, 4, false, 0),
                    4,
                    2,
                    4,
                    4,
                    0,
                    new Environment(150, 4, 1, 0, 0, 0),
                    Map.of(Counter.GUEST_SPI_ACKS, MANY, Counter.WFI, MANY)),
            new Scenario(
                    "sgi-pingpong",
                    "pairs of vCPUs answer each other's SGI",
                    new GuestPlan(0, 3, 0, 0, 0, 0, 0, 0, 0, 3, 6, true, 0),
                    4,
                    2,
                    4,
                    0,
                    0,
                    Environment.QUIET,
                    Map.of(Counter.GUEST_SGI_ACKS, 100 * MANY)),
            new Scenario(
                    "sgi-broadcast",
                    "SGIs to all others, to one and to self, coalescing where they meet",
                    new GuestPlan(0, 60, 30, 20, 0, 0, 0, 0, 10, 10, 30, false, 0),
                    4,
                    2,
                    4,
                    0,
                    0,
                    Environment.QUIET,
                    Map.of(Counter.GUEST_SGI_ACKS, 100 * MANY, Counter.GUEST_SGIS_COALESCED, MANY)),
            new Scenario(
                    "spi-migration",
                    "SPIs are moved between vCPUs, as Linux does it in three writes, against lines that keep firing",
                    new GuestPlan(300, 0, 0, 0, 40, 8, 0, 0, 40, 20, 200, false, 500),
                    4,
                    2,
                    4,
                    8,
                    0,
                    new Environment(100, 8, 8, 0, 0, 0),
                    Map.of(
                            Counter.MIGRATIONS,
                            10 * MANY,
                            Counter.MIGRATIONS_DEFERRED,
                            MANY,
                            Counter.MIGRATIONS_REFUSED,
                            10)),
            new Scenario(
                    "vcpu-migration",
                    "vCPUs are moved between pCPUs while interrupts are in their list registers",
                    new GuestPlan(300, 20, 40, 2, 0, 0, 0, 0, 80, 20, 100, false, 400),
                    4,
                    2,
                    4,
                    16,
                    0,
                    new Environment(100, 12, 4, 3, 0, 200),
                    Map.of(Counter.VCPU_MOVES, 10 * MANY, Counter.VCPU_MOVES_FULL, MANY)),
            new Scenario(
                    "overcommit",
                    "four vCPUs for each pCPU: time slices, wake-ups, and list registers that travel",
                    new GuestPlan(200, 100, 60, 10, 10, 2, 0, 0, 60, 30, 100, false, 300),
                    2,
                    2,
                    4,
                    16,
                    0,
                    new Environment(150, 8, 4, 4, 50, 400),
                    Map.of(Counter.CONTEXT_SWITCHES, 10 * MANY, Counter.PREEMPTIONS, MANY)),
            new Scenario(
                    "coming-and-going",
                    "vCPUs switch themselves off and others on, domains shut down, are destroyed and created, pCPUs go down and come up",
                    new GuestPlan(200, 100, 60, 10, 24, 8, 0, 0, 40, 16, 60, false, 300).withOff(6, 20),
                    4,
                    2,
                    4,
                    12,
                    0,
                    new Environment(150, 8, 4, 6, 50, 400).withComingAndGoing(60, 40, 9),
                    Map.of(
                            Counter.CPU_OFFS,
                            MANY,
                            Counter.CPU_ONS,
                            MANY,
                            Counter.DOMAINS_SHUT_DOWN,
                            10,
                            Counter.DOMAINS_DESTROYED,
                            30,
                            Counter.DOMAINS_CREATED,
                            30,
                            Counter.PCPUS_OFFLINED,
                            30,
                            Counter.PCPUS_ONLINED,
                            30)),
            new Scenario(
                    "virtual-spi",
                    "SPIs without hardware behind them are set pending and moved by the guest itself",
                    new GuestPlan(0, 10, 10, 0, 0, 0, 200, 20, 20, 10, 60, false, 0),
                    4,
                    2,
                    4,
                    0,
                    16,
                    new Environment(500, 0, 0, 8, 0, 0),
                    Map.of(Counter.GUEST_SPI_ACKS, 10 * MANY, Counter.MIGRATIONS, MANY)),
            new Scenario(
                    "timers",
                    "virtual and physical timers expire and are set again, and events arrive, while vCPUs move between pCPUs",
                    new GuestPlan(0, 1, 0, 0, 0, 0, 0, 0, 20, 3, 4000, false, 0).with(16, 8, true),
                    4,
                    2,
                    4,
                    0,
                    0,
                    new Environment(150, 0, 0, 3, 0, 0, 20),
                    Map.of(
                            Counter.VTIMER_IRQS,
                            MANY,
                            Counter.VTIMER_EXPIRIES,
                            10 * MANY,
                            Counter.PTIMER_EXPIRIES,
                            10 * MANY,
                            Counter.TIMER_MOVES,
                            10 * MANY,
                            Counter.EVENT_UPCALLS,
                            MANY)));

    private Scenarios() {}

    /** All of them, the default first. */
    public static List<Scenario> all() {
        return ALL;
    }

    /** The one of that name, if there is one. */
    public static Optional<Scenario> named(String name) {
        return ALL.stream().filter(s -> s.name().equals(name)).findFirst();
    }
}

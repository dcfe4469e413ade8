package org.smpvisor.explore;

import java.util.List;
import java.util.Optional;
import org.smpvisor.cpu.Counter;
import org.smpvisor.guest.Script;
import org.smpvisor.sched.SchedulerKind;
import org.smpvisor.variant.Bug;

/** The small scenarios that are shipped. */
public final class SmallScenarios {
    private static final int A = 48;
    private static final int B = 49;
    private static final int C = 50;
    private static final int D = 51;
    private static final int V = 40;
    private static final int PRIORITY = 0xa0;
    private static final String ON_GICV2 = "-gicv2";

    private static final List<SmallScenario> ALL = List.of(
            new SmallScenario("inject-retarget", "an SPI fires while the other vCPU takes it over", 2)
                    .line(A, PRIORITY, 2)
                    .vcpu(new Script().turnRound())
                    .vcpu(new Script().route(A, 1))
                    .promises(Counter.MIGRATIONS),
            new SmallScenario(
                            "retarget-eoi", "an SPI is taken over while its old target handles it, and fires again", 2)
                    .line(A, PRIORITY, 3)
                    .vcpu(new Script().trap())
                    .vcpu(new Script().trap().route(A, 1).trap())
                    .promises(Counter.MIGRATIONS_DEFERRED),
            new SmallScenario(
                            "enable-inject",
                            "an SPI fires while its vCPU and another switch it off and on, another SPI joins in",
                            2)
                    .line(A, PRIORITY, 3)
                    .line(B, PRIORITY, 1)
                    .vcpu(new Script().clear(A).disable(A).clear(A).enable(A))
                    .vcpu(new Script().disable(A).enable(A))
                    .promises(Counter.IRQ_EXITS),
            new SmallScenario("two-retargets", "two vCPUs route the same SPI while it fires", 3)
                    .line(A, PRIORITY, 2)
                    .vcpu(new Script())
                    .vcpu(new Script().route(A, 1).route(A, 2))
                    .vcpu(new Script().route(A, 2))
                    .promises(Counter.MIGRATIONS_REFUSED),
            new SmallScenario(
                            "linux-move",
                            "an SPI that keeps firing is moved as Linux does it: switched off, routed, switched on",
                            2)
                    .line(A, PRIORITY, 3)
                    .vcpu(new Script())
                    .vcpu(new Script().move(A, 1))
                    .promises(Counter.MIGRATIONS_DEFERRED),
            new SmallScenario(
                            "vcpu-move",
                            "a vCPU moves to another pCPU while an SPI moves to another vCPU, and fires with another one",
                            2)
                    .line(A, PRIORITY, 2)
                    .line(B, PRIORITY, 2)
                    .vcpu(new Script().trap().trap())
                    .vcpu(new Script().route(A, 1))
                    .moves(0, 1, 1)
                    .promises(Counter.VCPU_MOVES, Counter.MIGRATIONS),
            new SmallScenario(
                            "serror",
                            "stores of guests fail, which they are told on the way into Xen or by an exit of its own; one cleans its cache",
                            2)
                    .line(A, PRIORITY, 2)
                    .vcpu(new Script()
                            .failingStore(0)
                            .trap()
                            .failingStore(2)
                            .cleanCache()
                            .route(A, 1)
                            .sleep())
                    .vcpu(new Script().failingStore(1).sgi(1, 0).failingStore(3).trap())
                    .promises(Counter.SERRORS, Counter.MIGRATIONS, Counter.FLUSHES),
            new SmallScenario(
                            "cpu-off",
                            "a vCPU switches itself off with interrupts on their way to it, and is switched on by the other",
                            2)
                    .line(A, PRIORITY, 3)
                    .vcpu(new Script().route(A, 1).sgi(1, 1).on(1).sgi(2, 1))
                    .vcpu(new Script().mask().off().trap())
                    .promises(Counter.CPU_OFFS, Counter.CPU_ONS),
            new SmallScenario(
                            "move-off",
                            "an SPI is moved away from a vCPU that switches itself off with it in a list register, and comes back",
                            2)
                    .line(A, PRIORITY, 3)
                    .vcpu(new Script().route(A, 1).trap().move(A, 0).on(1).trap())
                    .vcpu(new Script().mask().trap().off().trap())
                    .promises(Counter.CPU_OFFS, Counter.CPU_ONS, Counter.MIGRATIONS_DEFERRED),
            new SmallScenario(
                            "shared-queue",
                            "three vCPUs on two pCPUs that share a queue: they run where there is room, and an SPI follows",
                            2)
                    .scheduler(SchedulerKind.CREDIT2)
                    .line(A, PRIORITY, 2)
                    .vcpu(new Script().sgi(1, 2).yield().sleep())
                    .vcpu(new Script().route(A, 2).sgi(2, 0))
                    .sleeper(new Script().yield().trap())
                    .promises(Counter.VCPU_MOVES, Counter.WFE),
            new SmallScenario(
                            "hostile-move",
                            "a scheduler that moves a vCPU whenever it wakes, while its SPI moves to another vCPU",
                            3)
                    .scheduler(SchedulerKind.HOSTILE)
                    .line(A, PRIORITY, 3)
                    .vcpu(new Script().sleep().trap().sleep())
                    .vcpu(new Script().move(A, 1).sgi(1, 0))
                    .promises(Counter.VCPU_MOVES, Counter.MIGRATIONS),
            new SmallScenario("wfi-kick", "an SPI and an SGI arrive while their vCPU goes to sleep", 2)
                    .line(A, PRIORITY, 1)
                    .vcpu(new Script().sleep().sleep().turnRound())
                    .vcpu(new Script().sgi(1, 0).sgi(2, 0))
                    .promises(Counter.KICKS, Counter.WFI),
            new SmallScenario("sgi-broadcast", "vCPUs send SGIs to all others while Xen calls across pCPUs", 3)
                    .vcpu(new Script()
                            .sgiToOthers(1)
                            .mask()
                            .sgi(2, 0)
                            .sgi(2, 0)
                            .unmask()
                            .turnRound())
                    .vcpu(new Script().sgiToOthers(1).sgiToOthers(1))
                    .sleeper(new Script())
                    .crossCall(2)
                    .promises(Counter.KICKS),
            new SmallScenario("lr-pressure", "more interrupts than list registers, of different urgency, one moving", 2)
                    .line(A, 0xa0, 1)
                    .line(B, 0x80, 1)
                    .line(C, 0x60, 2)
                    .vcpu(new Script().priority(A, 0x70).sgi(1, 0))
                    .vcpu(new Script().sgi(2, 0).route(B, 1))
                    .listRegisters(2)
                    .promises(Counter.EVICTIONS),
            new SmallScenario(
                            "virtual-move",
                            "two vCPUs route a purely virtual SPI, which all set pending and one switches off and on",
                            3)
                    .virtualLine(V)
                    .vcpu(new Script().pend(V).pend(V))
                    .vcpu(new Script().route(V, 1).disable(V).pend(V).enable(V))
                    .vcpu(new Script().route(V, 2).pend(V))
                    .promises(Counter.MIGRATIONS),
            new SmallScenario("release", "a device is taken from a domain that is destroyed, and fires", 2)
                    .line(A, PRIORITY, 2)
                    .line(B, PRIORITY, 2)
                    .vcpu(new Script().turnRound())
                    .vcpu(new Script().sgi(1, 0))
                    .releases(A, 1)
                    .promises(Counter.IRQ_EXITS),
            new SmallScenario(
                            "destroy",
                            "a domain is killed while its SPIs are on their way, in list registers, or active, and fire on",
                            2)
                    .line(A, PRIORITY, 3)
                    .line(B, PRIORITY, 2)
                    .vcpu(new Script().route(B, 1).sgi(1, 1).sleep())
                    .vcpu(new Script().mask().trap().route(A, 1).unmask().turnRound())
                    .kills(1)
                    .promises(Counter.DOMAINS_DESTROYED, Counter.IRQ_EXITS),
            new SmallScenario(
                            "system-off",
                            "a vCPU shuts its domain down while SPIs and SGIs are on their way, and the toolstack kills it",
                            2)
                    .line(A, PRIORITY, 2)
                    .line(B, PRIORITY, 2)
                    .vcpu(new Script().route(B, 1).sgi(1, 1).trap().sleep())
                    .vcpu(new Script().trap().sgi(2, 0).powerOff().turnRound())
                    .kills(0)
                    .promises(Counter.DOMAINS_SHUT_DOWN, Counter.DOMAINS_DESTROYED),
            new SmallScenario(
                            "null-wait",
                            "under the null scheduler a vCPU that was off waits for a pCPU while an SPI and SGIs wait for it",
                            2)
                    .scheduler(SchedulerKind.NULL)
                    .line(A, PRIORITY, 2)
                    .vcpu(new Script().route(A, 1).sgi(1, 1).on(1).sgi(2, 1).sleep())
                    .vcpu(new Script().mask().off().trap())
                    .moves(0, 1, 0)
                    .promises(Counter.CPU_OFFS, Counter.CPU_ONS),
            new SmallScenario(
                            "hotplug",
                            "a pCPU goes down and comes up again while SPIs are on their way to its vCPU, which moves",
                            2)
                    .line(A, PRIORITY, 2)
                    .line(B, PRIORITY, 2)
                    .vcpu(new Script().route(A, 1).sgi(1, 1))
                    .vcpu(new Script().trap().sleep().route(B, 1))
                    .hotplugs(1, 0)
                    .moves(1, 1, 0)
                    .promises(Counter.PCPUS_OFFLINED, Counter.PCPUS_ONLINED, Counter.VCPU_MOVES),
            new SmallScenario(
                            "hotplug-enable",
                            "a pCPU goes down for good while an SPI of the vCPU that leaves it is routed and switched on; it fires after that",
                            3)
                    .line(A, PRIORITY, 1)
                    .vcpu(new Script().route(A, 1).disable(A).enable(A))
                    .vcpu(new Script())
                    .takesDown(1, 2, A)
                    .promises(Counter.PCPUS_OFFLINED, Counter.VCPU_MOVES, Counter.MIGRATIONS),
            new SmallScenario(
                            "host-handlers",
                            "handlers of Xen's own devices call functions on the other pCPUs while a guest is served",
                            2)
                    .line(A, PRIORITY, 1)
                    .vcpu(new Script().trap())
                    .vcpu(new Script().sgi(1, 0))
                    .callingLine(C, 0)
                    .callingLine(D, 1)
                    .promises(Counter.HOST_IRQS),
            new SmallScenario(
                            "timer-move",
                            "a vCPU sets a timer, sleeps, moves to another pCPU, is woken, and sets it again, while another"
                                    + " one expires",
                            2)
                    .ppis()
                    .vcpu(new Script()
                            .physicalTimer(900)
                            .virtualTimer(300)
                            .sleep()
                            .virtualTimer(600)
                            .sleep())
                    .vcpu(new Script().sgi(1, 0).trap().sgi(2, 0))
                    .moves(0, 1, 1)
                    .promises(Counter.VTIMER_EXPIRIES, Counter.PTIMER_EXPIRIES, Counter.TIMER_MOVES),
            new SmallScenario(
                            "event-block",
                            "events become pending for a vCPU while it goes to sleep, and while it looks for others",
                            2)
                    .ppis()
                    .vcpu(new Script().sleep().trap().sleep())
                    .vcpu(new Script().sgi(1, 0))
                    .event(0, 0)
                    .event(0, 1)
                    .promises(Counter.EVENT_UPCALLS, Counter.WFI),
            new SmallScenario(
                            "gicv2-move",
                            "on a GICv2 an SPI that keeps firing is moved by one byte to ITARGETSR, while SGIs go round",
                            2)
                    .gicV2()
                    .line(A, PRIORITY, 3)
                    .vcpu(new Script().trap().sgi(1, 1))
                    .vcpu(new Script().trap().route(A, 1).sgiToOthers(2))
                    .promises(Counter.MIGRATIONS_DEFERRED),
            new SmallScenario("many-lrs", "on a GICv2 with 32 list registers 33 interrupts are pending at once", 2)
                    .gicV2()
                    .vcpu(new Script()
                            .mask()
                            .enableAll(32)
                            .pendAll(32)
                            .sgi(1, 0)
                            .unmask()
                            .turnRound())
                    .vcpu(new Script())
                    .listRegisters(32)
                    .madeFor(Bug.XB_052)
                    .promises(Counter.UIE));

    private SmallScenarios() {}

    /** All of them. */
    public static List<SmallScenario> all() {
        return ALL;
    }

    /** The one with that name; with {@code -gicv2} behind the name of one, that one on a GICv2. */
    public static Optional<SmallScenario> named(String name) {
        Optional<SmallScenario> exact = shipped(name);
        if (exact.isPresent() || !name.endsWith(ON_GICV2)) {
            return exact;
        }
        return shipped(name.substring(0, name.length() - ON_GICV2.length()))
                .filter(s -> !s.isGicV2())
                .map(s -> s.onGicV2(name));
    }

    private static Optional<SmallScenario> shipped(String name) {
        return ALL.stream().filter(s -> s.name().equals(name)).findFirst();
    }
}

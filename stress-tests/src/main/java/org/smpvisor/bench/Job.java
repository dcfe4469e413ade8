package org.smpvisor.bench;

import static org.smpvisor.abi.GicAbi.GICD_ISENABLER;
import static org.smpvisor.abi.GicAbi.GICD_TYPER;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.smpvisor.cpu.Counter;
import org.smpvisor.guest.PingPongGuest;
import org.smpvisor.guest.RegisterReadGuest;
import org.smpvisor.guest.SelfPendingGuest;

/** What is measured, against which reference, and what is expected of it. */
public enum Job {
    SELF_SPI(
            "self-spi",
            "guest sets its own virtual SPI pending, takes, acknowledges and ends it",
            "iterations/s",
            1_800_000,
            180_000,
            new Ratio("lock-unlock pairs per iteration", Job.LOCKS, true, 40),
            TicketLock::new,
            () -> new GuestJob(1, Counter.GUEST_SPI_ACKS, SelfPendingGuest::new)),
    IPI(
            "ipi",
            "SGI from vCPU to vCPU and back, two pCPUs, both awake",
            "round trips/s",
            400_000,
            42_000,
            new Ratio("ping-pong trips per round trip", Job.TRIPS, true, 25),
            PingPong::new,
            () -> new GuestJob(2, Counter.GUEST_SGI_ACKS, PingPongGuest::new)),
    HOST_SGI(
            "host-sgi",
            "SGI from Xen on one pCPU to the handler on another and back",
            "round trips/s",
            Double.NaN,
            Double.NaN,
            new Ratio("ping-pong trips per round trip", Job.TRIPS, true, 6),
            PingPong::new,
            HostSgiJob::new),
    READ_TYPER(
            "read-typer",
            "guest reads GICD_TYPER, trapped",
            "reads/s",
            10_000_000,
            366_000,
            new Ratio("lock-unlock pairs per read", Job.LOCKS, true, Double.NaN),
            TicketLock::new,
            () -> new GuestJob(1, Counter.TRAPS, m -> new RegisterReadGuest(m, GICD_TYPER))),
    READ_ISENABLER(
            "read-isenabler",
            "guest reads GICD_ISENABLER1, trapped",
            "reads/s",
            10_000_000,
            366_000,
            new Ratio("lock-unlock pairs per read", Job.LOCKS, true, Double.NaN),
            TicketLock::new,
            () -> new GuestJob(1, Counter.TRAPS, m -> new RegisterReadGuest(m, GICD_ISENABLER + 4))),
    STORM(
            "storm",
            "default storm, 4 pCPUs: SPIs and SGIs that guests acknowledge",
            "acknowledges/s",
            1_000_000,
            Double.NaN,
            new Ratio("lock-unlock pairs per acknowledge", Job.LOCKS, true, Double.NaN),
            TicketLock::new,
            () -> new StormJob(4, true)),
    MAILBOX(
            "mailbox",
            "SGI mailbox of a 4-pCPU machine, one thread posts, one receives",
            "messages/s",
            Double.NaN,
            Double.NaN,
            new Ratio("part of a bare JCTools queue", "messages/s", false, 0.8),
            () -> new BareQueue(MailboxJob.SENDERS * MailboxJob.SGIS),
            () -> new MailboxJob()),
    VALIDATOR(
            "validator",
            "default storm, no more pCPUs than cores, lock validator on",
            "acknowledges/s",
            Double.NaN,
            Double.NaN,
            new Ratio("times slower than with it off", "acknowledges/s", true, 1.2),
            () -> new StormJob(Job.stormCpus(), false),
            () -> new StormJob(Job.stormCpus(), true)),
    SCHEDULES(
            "schedules",
            "explored: an SPI is injected while it is retargeted, whole rank vGIC, one thread",
            "schedules/s",
            Double.NaN,
            Double.NaN,
            new Ratio("times the rate of Lincheck's model checker on the same code", "invocations/s", false, 100),
            LincheckReference::new,
            () -> new ScheduleJob(false)),
    POINTS(
            "points",
            "the same: points at which the scheduler decides",
            "points/s",
            5_000_000,
            Double.NaN,
            new Ratio("lock-unlock pairs per point", Job.LOCKS, true, Double.NaN),
            TicketLock::new,
            () -> new ScheduleJob(true));

    private static final String LOCKS = "pairs/s";
    private static final String TRIPS = "trips/s";

    private final String label;
    private final String what;
    private final String unit;
    private final double target;
    private final double xen;
    private final Ratio ratio;
    private final Supplier<Subject> reference;
    private final Supplier<Subject> subject;

    Job(
            String label,
            String what,
            String unit,
            double target,
            double xen,
            Ratio ratio,
            Supplier<Subject> reference,
            Supplier<Subject> subject) {
        this.label = label;
        this.what = what;
        this.unit = unit;
        this.target = target;
        this.xen = xen;
        this.ratio = ratio;
        this.reference = reference;
        this.subject = subject;
    }

    private static int stormCpus() {
        return Math.max(1, Math.min(4, Runtime.getRuntime().availableProcessors()));
    }

    /** Name on the command line. */
    public String label() {
        return label;
    }

    /** One line for people. */
    public String what() {
        return what;
    }

    String unit() {
        return unit;
    }

    /** Operations a second wanted, NaN when only the ratio counts. */
    public double target() {
        return target;
    }

    /** Whether a figure is wanted, and not the ratio alone. */
    public boolean hasTarget() {
        return !Double.isNaN(target);
    }

    /** What Xen 4.17 does on QEMU on a machine of this kind, NaN if that was not measured. */
    public double xen() {
        return xen;
    }

    /** How it is held against its reference. */
    public Ratio ratio() {
        return ratio;
    }

    Subject newReference() {
        return reference.get();
    }

    Subject newSubject() {
        return subject.get();
    }

    /** The job of that name. */
    public static Optional<Job> named(String label) {
        return Arrays.stream(values()).filter(j -> j.label.equals(label)).findFirst();
    }

    /** All names, in order. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(Job::label).toList();
    }
}

package org.smpvisor.domain;

import org.smpvisor.cell.GuardedBy;
import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Rcu;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.SpinLock;
import org.smpvisor.variant.Xen;

/** A guest: its vCPUs and the two slots in which the vGIC keeps its state of the domain. */
@Xen("struct domain")
public final class Domain {
    /** State that an upper module keeps per domain. */
    public interface State {}

    /** Value of {@link #shutdown}: the domain has not shut down. */
    public static final int RUNS = -1;

    /** What is done when nobody looks at a dead domain any more. */
    public interface Destroyer {
        void destroy(Pcpu cpu, Domain d);
    }

    private final int id;
    private final Vcpu[] vcpus;
    private final boolean hardwareDomain;

    /** Serialises what is done to the domain as a whole. */
    @Xen("domain_lock")
    private final SpinLock lock;

    private final SpinLock shutdownLock;

    /** Reason of its shutdown, {@link #RUNS} for none. */
    @GuardedBy("shutdownLock")
    private final IntCell shutdown;

    /** Whether all that it owned has been freed. */
    private final IntCell destroyed;

    /** Whether somebody has begun to kill it; of the toolstack, which kills a domain from one place. */
    @OwnedBy("toolstack")
    private boolean killing;

    @OwnedBy("toolstack")
    private Destroyer destroyer;

    @Xen("rcu")
    private final Rcu.Callback destruction;

    @OwnedBy("boot")
    private State vgic;

    @OwnedBy("boot")
    private GuestDevices devices = GuestDevices.NONE;

    /** Whether the domain is being destroyed; set once. */
    private final IntCell dying;

    /** How many have paused it; atomic. None of its vCPUs runs unless it is zero. */
    private final IntCell pauseCount;

    /**
     * @param id domain id, 0..254
     * @param maxVcpus number of vCPUs, 1..128
     */
    public Domain(int id, int maxVcpus) {
        this(id, maxVcpus, false);
    }

    /** The same, perhaps for the domain that the hardware belongs to, as dom0 is. */
    public Domain(int id, int maxVcpus, boolean hardwareDomain) {
        this.id = id;
        this.lock = new SpinLock(LockClass.DOMAIN, "d" + id + ".domain_lock", id);
        this.shutdownLock = new SpinLock(LockClass.SHUTDOWN, "d" + id + ".shutdown_lock", id);
        this.shutdown = new IntCell("d" + id + ".shutdown", shutdownLock, RUNS);
        this.destroyed = new IntCell("d" + id + ".destroyed");
        this.hardwareDomain = hardwareDomain;
        this.dying = new IntCell("d" + id + ".is_dying");
        this.pauseCount = new IntCell("d" + id + ".pause_count");
        this.destruction = new Rcu.Callback("d" + id + ".rcu", cpu -> destroyer.destroy(cpu, this));
        this.vcpus = new Vcpu[maxVcpus];
    }

    @Xen("domain_id")
    public int id() {
        return id;
    }

    @Xen("max_vcpus")
    public int maxVcpus() {
        return vcpus.length;
    }

    @Xen("is_hardware_domain")
    public boolean isHardwareDomain() {
        return hardwareDomain;
    }

    /** The vCPU with that id, or {@code null} when there is none. */
    @Xen("domain_vcpu")
    public Vcpu vcpu(int vcpuId) {
        return vcpuId >= 0 && vcpuId < vcpus.length ? vcpus[vcpuId] : null;
    }

    /** Adds a vCPU while the domain is being created. */
    public void add(Vcpu v) {
        vcpus[v.vcpuId()] = v;
    }

    /** The vGIC's state of this domain ({@code d->arch.vgic}). */
    public State vgic() {
        return vgic;
    }

    public void setVgic(State state) {
        vgic = state;
    }

    /** Devices that are passed through to the domain. */
    public GuestDevices devices() {
        return devices;
    }

    public void setDevices(GuestDevices d) {
        devices = d;
    }

    @Xen("pause_count")
    public IntCell pauseCount() {
        return pauseCount;
    }

    /** {@code domain_lock}. */
    public SpinLock lock() {
        return lock;
    }

    public SpinLock shutdownLock() {
        return shutdownLock;
    }

    /** Reason of its shutdown, {@link #RUNS} for none. */
    @Xen("shutdown_code")
    public IntCell shutdown() {
        return shutdown;
    }

    /** Whether the toolstack has begun to kill it. */
    public boolean isBeingKilled() {
        return killing;
    }

    public void beginKilling() {
        killing = true;
    }

    /** What is to be done when nobody looks at the domain any more; by the toolstack, once. */
    public Rcu.Callback destroyedBy(Destroyer what) {
        destroyer = what;
        return destruction;
    }

    public void setDestroyed(Pcpu cpu) {
        destroyed.setRelease(cpu, 1);
    }

    /** Whether all that it owned has been freed, for observers. */
    public boolean isDestroyed() {
        return destroyed.peek() != 0;
    }

    @Xen("is_dying")
    public boolean isDying(Pcpu cpu) {
        return dying.getOpaque(cpu) != 0;
    }

    /** {@link #isDying(Pcpu)} for observers. */
    public boolean isDying() {
        return dying.peek() != 0;
    }

    public void setDying(Pcpu cpu) {
        dying.setOpaque(cpu, 1);
    }

    @Override
    public String toString() {
        return "d" + id;
    }
}

package org.smpvisor.domain;

import org.smpvisor.cell.IntCell;
import org.smpvisor.cell.OwnedBy;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.variant.Xen;

/** A guest: its vCPUs and the two slots in which the vGIC keeps its state of the domain. */
@Xen("struct domain")
public final class Domain {
    /** State that an upper module keeps per domain. */
    public interface State {}

    private final int id;
    private final Vcpu[] vcpus;

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
        this.id = id;
        this.dying = new IntCell("d" + id + ".is_dying");
        this.pauseCount = new IntCell("d" + id + ".pause_count");
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

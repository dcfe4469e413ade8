package org.smpvisor.entry;

import org.smpvisor.abi.GicAbi;
import org.smpvisor.abi.GuestCpu;
import org.smpvisor.abi.PsciAbi;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.sched.Lifecycle;
import org.smpvisor.sched.Scheduler;
import org.smpvisor.trace.Event;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Arm;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/** What Xen does when a guest calls the power-state interface: vCPUs are switched on and off, the domain shuts down. */
@Xen("vpsci.c")
public final class Psci {
    /** Affinity fields of a target, without those that a Xen guest does not use. */
    private static final long VCPU_ID_AFF1 = 0xff00L;

    /** When a vCPU that has switched itself off may be switched on again, and by whom; a variant point (H7). */
    public interface OffRule {
        /** Xen: at once, also while its context has not been saved yet, and by whoever comes. */
        OffRule AT_ONCE = (cpu, v) -> v.pauseFlags().testBit(cpu, Vcpu.VPF_DOWN);

        /** Corrected: when it has left its pCPU, and by one. */
        OffRule WHEN_SAVED = new OffRule() {
            @Override
            public boolean isOff(Pcpu cpu, Vcpu v) {
                return v.pauseFlags().testBit(cpu, Vcpu.VPF_DOWN) && v.running().getAcquire(cpu) == 0;
            }

            @Override
            public boolean claims(Pcpu cpu, Vcpu v) {
                return isOff(cpu, v) && !v.pauseFlags().testAndSetBit(cpu, Vcpu.VPF_COMING_UP);
            }

            @Override
            public void isOn(Pcpu cpu, Vcpu v) {
                v.pauseFlags().clearBit(cpu, Vcpu.VPF_COMING_UP);
            }
        };

        boolean isOff(Pcpu cpu, Vcpu v);

        /** Whether the caller may switch it on. */
        default boolean claims(Pcpu cpu, Vcpu v) {
            return isOff(cpu, v);
        }

        /** The caller has done so; the vCPU has yet to be woken. */
        default void isOn(Pcpu cpu, Vcpu v) {}
    }

    private final VgicOps vgic;
    private final Scheduler scheduler;
    private final Lifecycle lifecycle;
    private final OffRule off;
    private final Witness witness;

    public Psci(VgicOps vgic, Scheduler scheduler, Lifecycle lifecycle, OffRule off, Witness witness) {
        this.witness = witness;
        this.vgic = vgic;
        this.scheduler = scheduler;
        this.lifecycle = lifecycle;
        this.off = off;
    }

    /** Executes the HVC that {@code v}, the current vCPU, has described, and completes it. Interrupts open, no lock held. */
    @Xen("do_vpsci_0_2_call")
    void call(Pcpu cpu, Vcpu v, GuestCpu c) {
        cpu.count(Counter.HYPERCALLS);
        int function = (int) c.address();
        switch (function) {
            case PsciAbi.VERSION -> c.complete(PsciAbi.VERSION_1_1);
            case PsciAbi.CPU_SUSPEND -> {
                scheduler.blockUnlessEventPending(cpu);
                c.complete(PsciAbi.SUCCESS);
            }
            case PsciAbi.CPU_OFF -> {
                c.complete(PsciAbi.SUCCESS); // nobody sees it; but whoever switches it on builds its registers anew
                cpuOff(cpu, v);
            }
            case PsciAbi.CPU_ON -> c.complete(cpuOn(cpu, v.domain(), c.value(), c.value2(), c.value3()));
            case PsciAbi.AFFINITY_INFO -> c.complete(affinityInfo(cpu, v.domain(), c.value(), c.value2()));
            case PsciAbi.MIGRATE_INFO_TYPE -> c.complete(PsciAbi.NO_TRUSTED_OS);
            case PsciAbi.SYSTEM_OFF -> {
                lifecycle.shutdown(cpu, v.domain(), Lifecycle.POWEROFF);
                c.complete(PsciAbi.SUCCESS);
            }
            case PsciAbi.SYSTEM_RESET -> {
                lifecycle.shutdown(cpu, v.domain(), Lifecycle.REBOOT);
                c.complete(PsciAbi.SUCCESS);
            }
            case PsciAbi.FEATURES -> c.complete(features((int) c.value()));
            default -> c.complete(PsciAbi.NOT_SUPPORTED);
        }
    }

    @Xen("do_psci_1_0_features")
    private static int features(int function) {
        return switch (function) {
            case PsciAbi.VERSION,
                    PsciAbi.CPU_SUSPEND,
                    PsciAbi.CPU_OFF,
                    PsciAbi.CPU_ON,
                    PsciAbi.AFFINITY_INFO,
                    PsciAbi.MIGRATE_INFO_TYPE,
                    PsciAbi.SYSTEM_OFF,
                    PsciAbi.SYSTEM_RESET,
                    PsciAbi.FEATURES -> PsciAbi.SUCCESS;
            default -> PsciAbi.NOT_SUPPORTED;
        };
    }

    /** The flag, and then off the pCPU; nobody waits until it is there. */
    @Xen("do_psci_cpu_off")
    private void cpuOff(Pcpu cpu, Vcpu v) {
        if (!v.pauseFlags().testAndSetBit(cpu, Vcpu.VPF_DOWN)) {
            cpu.count(Counter.CPU_OFFS);
            cpu.events().record(Event.CPU_OFF, v.domain().id(), v.vcpuId(), cpu.id());
            scheduler.sleepNosync(cpu, v);
        }
    }

    /**
     * @param target MPIDR of the vCPU
     * @param entry where it begins
     * @param context what it finds in {@code x0}
     */
    @Xen({"do_psci_0_2_cpu_on", "do_common_cpu_on"})
    private int cpuOn(Pcpu cpu, Domain d, long target, long entry, long context) {
        Vcpu v = vcpuOf(d, target);
        if (v == null) {
            return PsciAbi.INVALID_PARAMETERS;
        }
        if (!off.claims(cpu, v)) {
            return PsciAbi.ALREADY_ON;
        }
        vgic.clearPendingIrqs(cpu, v);
        d.lock().lock(cpu);
        boolean wasDown = setInfo(cpu, v, entry, context);
        d.lock().unlock(cpu);
        off.isOn(cpu, v);
        if (wasDown) {
            cpu.count(Counter.CPU_ONS);
            cpu.events().record(Event.CPU_ON, d.id(), v.vcpuId(), cpu.id());
        }
        scheduler.wake(cpu, v);
        return PsciAbi.SUCCESS;
    }

    /** Builds the registers that the vCPU begins with and lets it run. domain_lock held. */
    @Xen("arch_set_info_guest")
    @Deviation(
            "Xen would write the registers of a vCPU that somebody else has switched on meanwhile; here the second changes nothing")
    private boolean setInfo(Pcpu cpu, Vcpu v, long entry, long context) {
        if (v.pauseFlags().testBit(cpu, Vcpu.VPF_DOWN)) {
            v.guest().reset((int) entry, context);
            boolean was = v.pauseFlags().testAndClearBit(cpu, Vcpu.VPF_DOWN);
            witness.vcpuReset(cpu, v); // now: whoever found it down has raised before
            return was;
        }
        return false; // somebody else was first
    }

    @Xen("do_psci_0_2_affinity_info")
    private int affinityInfo(Pcpu cpu, Domain d, long affinity, long lowestLevel) {
        if (lowestLevel < 0 || lowestLevel > 3) {
            return PsciAbi.INVALID_PARAMETERS;
        }
        long mask = GicAbi.AFFINITY_MASK & -1L << (lowestLevel < 3 ? 8 * lowestLevel : 32);
        for (int i = 0; i < d.maxVcpus(); i++) {
            Vcpu v = d.vcpu(i);
            if ((GicAbi.vcpuAffinity(i) & mask) == (affinity & mask) && !off.isOff(cpu, v)) {
                return PsciAbi.ON;
            }
        }
        return PsciAbi.OFF;
    }

    @Arm("DDI 0487, MPIDR_EL1")
    @Xen("vaffinity_to_vcpuid")
    private static Vcpu vcpuOf(Domain d, long affinity) {
        long a = affinity & GicAbi.AFFINITY_MASK;
        return d.vcpu((int) (a & 0xff | (a & VCPU_ID_AFF1) >> 8 << 4));
    }
}

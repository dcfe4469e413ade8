package org.smpvisor.sched;

import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.cpu.Rcu;
import org.smpvisor.domain.Domain;
import org.smpvisor.domain.Vcpu;
import org.smpvisor.domain.VgicOps;
import org.smpvisor.engine.ModelBug;
import org.smpvisor.trace.Witness;
import org.smpvisor.variant.Deviation;
import org.smpvisor.variant.Xen;

/** The end of a domain: it shuts itself down, or the toolstack kills it while its interrupts fly. */
@Xen("common/domain.c")
public final class Lifecycle {
    /** Reasons of a shutdown. */
    public static final int POWEROFF = 0;

    public static final int REBOOT = 1;

    /** What is taken down of a vCPU beside what the scheduler and the vGIC have of it. */
    public interface VcpuTeardown {
        /** The vCPU has stopped for good. Softirq context, interrupts open, no lock held. */
        @Xen("arch_vcpu_destroy")
        void destroyVcpu(Pcpu cpu, Vcpu v);
    }

    private final Scheduler scheduler;
    private final VgicOps vgic;
    private final VcpuTeardown teardown;
    private final Rcu rcu;
    private final Witness witness;
    private final Domain.Destroyer completion = this::completeDestroy;

    public Lifecycle(Scheduler scheduler, VgicOps vgic, VcpuTeardown teardown, Rcu rcu, Witness witness) {
        this.teardown = teardown;
        this.scheduler = scheduler;
        this.vgic = vgic;
        this.rcu = rcu;
        this.witness = witness;
    }

    /**
     * Pauses all vCPUs of {@code d} for good, for the toolstack to see. Interrupts open, no lock held; the calling vCPU may be
     * one of them.
     *
     * @param reason {@link #POWEROFF} or {@link #REBOOT}
     */
    @Xen("domain_shutdown")
    public void shutdown(Pcpu cpu, Domain d, int reason) {
        d.shutdownLock().lock(cpu);
        if (d.shutdown().getGuarded(cpu) == Domain.RUNS) {
            d.shutdown().setGuarded(cpu, reason);
            cpu.count(Counter.DOMAINS_SHUT_DOWN);
            cpu.smpMb();
            for (int i = 0; i < d.maxVcpus(); i++) {
                scheduler.pauseNosync(cpu, d.vcpu(i));
            }
        }
        d.shutdownLock().unlock(cpu);
    }

    /**
     * Kills a domain: stops its vCPUs and has what it owned freed when nobody can look at it any more. Process context,
     * interrupts open, no lock held.
     *
     * @return false if the caller is to come again later, since a vCPU of {@code d} has yet to leave its pCPU
     */
    @Xen({"domain_kill", "domain_destroy"})
    @Deviation(
            "Xen waits for the vCPUs; but it does so on a vCPU of the toolstack, which does not keep another one from leaving")
    public boolean kill(Pcpu cpu, Domain d) {
        if (!d.isBeingKilled()) {
            d.beginKilling();
            scheduler.pauseNosync(cpu, d);
        }
        if (!scheduler.hasStopped(cpu, d)) {
            return false;
        }
        d.setDying(cpu);
        rcu.call(cpu, d.destroyedBy(completion));
        return true;
    }

    /** Nobody looks at the domain any more. The RCU softirq. */
    @Xen({"complete_domain_destroy", "arch_domain_destroy"})
    private void completeDestroy(Pcpu cpu, Domain d) {
        for (int i = 0; i < d.maxVcpus(); i++) {
            teardown.destroyVcpu(cpu, d.vcpu(i));
            scheduler.remove(cpu, d.vcpu(i));
        }
        int rc = vgic.freeDomain(cpu, d);
        if (rc != 0) {
            throw new ModelBug("an interrupt cannot be taken from " + d + ", which is dead: errno " + rc);
        }
        witness.domainDestroyed(cpu, d);
        cpu.count(Counter.DOMAINS_DESTROYED);
        d.setDestroyed(cpu);
    }
}

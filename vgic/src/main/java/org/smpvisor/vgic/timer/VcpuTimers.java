package org.smpvisor.vgic.timer;

import org.smpvisor.domain.Vcpu;
import org.smpvisor.variant.Xen;

/**
 * The timers of a vCPU.
 *
 * @param virtual the one that the guest programs in hardware while it runs
 * @param physical the one that Xen emulates
 */
@Xen("struct arch_vcpu")
public record VcpuTimers(VcpuTimer virtual, VcpuTimer physical) implements Vcpu.State {}

package org.smpvisor.machine;

import java.util.List;
import java.util.function.IntFunction;
import org.smpvisor.abi.GuestProgram;

/**
 * What a domain is made of.
 *
 * @param vcpus number of vCPUs, 1..128
 * @param lines physical SPIs that the domain gets, virtual number equal to the physical one
 * @param program makes the program of each vCPU
 */
public record DomainSpec(int vcpus, List<MachineDescription.Irq> lines, IntFunction<GuestProgram> program) {
    public DomainSpec {
        lines = List.copyOf(lines);
    }
}

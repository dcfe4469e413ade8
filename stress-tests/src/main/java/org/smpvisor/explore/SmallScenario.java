package org.smpvisor.explore;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.smpvisor.cpu.Counter;
import org.smpvisor.cpu.Pcpu;
import org.smpvisor.engine.Actor;
import org.smpvisor.guest.Script;
import org.smpvisor.machine.Machine;
import org.smpvisor.sched.SchedulerKind;
import org.smpvisor.variant.Bug;

/**
 * A scene small enough to be explored: two or three pCPUs, a handful of interrupts, and what happens to them. One domain;
 * vCPU {@code i} starts on pCPU {@code i} modulo their number. Immutable once it is built.
 */
public final class SmallScenario {
    /** A device of Xen's own, whose handler on a pCPU calls a function on all others. */
    record HostLine(int spi, int pcpu) {}

    /** One vCPU: what it does, and whether it is asleep at first. */
    record Role(Script script, boolean sleepsFirst) {}

    private final String name;
    private final String summary;
    private final int pcpus;
    private final List<Role> roles = new ArrayList<>();
    private final List<Integer> lines = new ArrayList<>();
    private final List<Integer> priorities = new ArrayList<>();
    private final List<Integer> virtualLines = new ArrayList<>();
    private final List<Function<Subject, Actor>> environment = new ArrayList<>();
    private final List<HostLine> hostLines = new ArrayList<>();
    private final List<Counter> promises = new ArrayList<>();
    private int listRegisters = 4;
    private boolean gicV2;
    private boolean usesPpis;
    private Bug madeFor;
    private boolean validated = true;
    private SchedulerKind scheduler = SchedulerKind.RR;

    SmallScenario(String name, String summary, int pcpus) {
        this.name = name;
        this.summary = summary;
        this.pcpus = pcpus;
    }

    // ---- building ---------------------------------------------------------------------------------------------------

    /** An edge-triggered device line, 48..63, that fires {@code times} times. */
    SmallScenario line(int spi, int priority, int times) {
        lines.add(spi);
        priorities.add(priority);
        environment.add(s -> new Environment.Line(s.machine(), spi, times));
        return this;
    }

    /** An SPI without a device behind it. */
    SmallScenario virtualLine(int spi) {
        virtualLines.add(spi);
        return this;
    }

    /**
     * A device of Xen's own, 48..63, that fires once; its handler runs on a pCPU and calls a function on all others. Handlers
     * of today's Xen do not, and the lock validator, which knows no priorities of interrupts, would say why; it is off here.
     */
    SmallScenario callingLine(int spi, int pcpu) {
        validated = false;
        hostLines.add(new HostLine(spi, pcpu));
        environment.add(s -> new Environment.Line(s.machine(), spi, 1));
        return this;
    }

    /** The domain is destroyed and a device taken away from it, by code that runs on pCPU {@code via}. */
    SmallScenario releases(int spi, int via) {
        environment.add(s -> new Environment.Release(s.machine(), spi, via));
        return this;
    }

    /** The toolstack kills the domain, by code that runs on pCPU {@code via}. */
    SmallScenario kills(int via) {
        environment.add(s -> new Environment.Kill(s.machine(), via));
        return this;
    }

    /** A pCPU is taken down and brought up again, by code that runs on pCPU {@code via}. */
    SmallScenario hotplugs(int pcpu, int via) {
        environment.add(s -> new Environment.Hotplug(s.machine(), pcpu, via, 0));
        return this;
    }

    /** A pCPU is taken down for good, by code that runs on pCPU {@code via}; a device raises its line some time after that. */
    SmallScenario takesDown(int pcpu, int via, int spi) {
        environment.add(s -> new Environment.Hotplug(s.machine(), pcpu, via, spi));
        return this;
    }

    /** The next vCPU, ready to run. */
    SmallScenario vcpu(Script script) {
        roles.add(new Role(script, false));
        return this;
    }

    /** The next vCPU, asleep until an interrupt wakes it. */
    SmallScenario sleeper(Script script) {
        roles.add(new Role(script, true));
        return this;
    }

    /** The toolstack moves a vCPU to another pCPU; the work is posted to pCPU {@code via}. */
    SmallScenario moves(int vcpu, int pcpu, int via) {
        environment.add(s -> new Environment.Move(s.machine(), vcpu, pcpu, via));
        return this;
    }

    /** vCPUs have timers and are told of events. */
    SmallScenario ppis() {
        usesPpis = true;
        return this;
    }

    /** Events become pending for a vCPU; the work is posted to pCPU {@code via}. */
    SmallScenario event(int vcpu, int via) {
        environment.add(s -> new Environment.Events(s.machine(), vcpu, via));
        return this;
    }

    /** Xen calls a function on all other pCPUs, from pCPU {@code via}. */
    SmallScenario crossCall(int via) {
        environment.add(s -> new Environment.CrossCalls(s.machine(), via));
        return this;
    }

    /** Something is posted once to pCPU {@code via}, to run there as Xen's code. */
    SmallScenario errand(String name, int via, BiConsumer<Machine, Pcpu> work) {
        environment.add(s -> new Environment.Errand(s.machine(), name, via, work));
        return this;
    }

    SmallScenario listRegisters(int n) {
        listRegisters = n;
        return this;
    }

    /** Who runs when. */
    SmallScenario scheduler(SchedulerKind kind) {
        scheduler = kind;
        return this;
    }

    /** On a machine with a GICv2. */
    SmallScenario gicV2() {
        gicV2 = true;
        return this;
    }

    /** Made to show one bug of Xen's past; other bugs are not looked for here. */
    SmallScenario madeFor(Bug bug) {
        madeFor = bug;
        return this;
    }

    /** Something that must have happened in some schedule, or the exploration says little. */
    SmallScenario promises(Counter... counters) {
        promises.addAll(List.of(counters));
        return this;
    }

    /** The same scene, played on a GICv2, under a name of its own. */
    SmallScenario onGicV2(String itsName) {
        SmallScenario s = new SmallScenario(itsName, summary + ", on a GICv2", pcpus);
        s.roles.addAll(roles);
        s.lines.addAll(lines);
        s.priorities.addAll(priorities);
        s.virtualLines.addAll(virtualLines);
        s.environment.addAll(environment);
        s.hostLines.addAll(hostLines);
        s.promises.addAll(promises);
        s.listRegisters = listRegisters;
        s.validated = validated;
        s.scheduler = scheduler;
        s.usesPpis = usesPpis;
        s.gicV2 = true;
        return s;
    }

    // ---- reading ----------------------------------------------------------------------------------------------------

    public String name() {
        return name;
    }

    /** One sentence. */
    public String summary() {
        return summary;
    }

    public int pcpus() {
        return pcpus;
    }

    List<Role> roles() {
        return roles;
    }

    int[] lines() {
        return lines.stream().mapToInt(Integer::intValue).toArray();
    }

    int[] virtualLines() {
        return virtualLines.stream().mapToInt(Integer::intValue).toArray();
    }

    int priority(int i) {
        return i < priorities.size() ? priorities.get(i) : 0xa0;
    }

    List<Function<Subject, Actor>> environment() {
        return environment;
    }

    List<HostLine> hostLines() {
        return hostLines;
    }

    boolean usesPpis() {
        return usesPpis;
    }

    boolean isValidated() {
        return validated;
    }

    int listRegisters() {
        return listRegisters;
    }

    /** The one bug that it was made for, {@code null} if it is of general use. */
    public Bug madeFor() {
        return madeFor;
    }

    SchedulerKind scheduler() {
        return scheduler;
    }

    boolean isGicV2() {
        return gicV2;
    }

    List<Counter> promises() {
        return promises;
    }
}

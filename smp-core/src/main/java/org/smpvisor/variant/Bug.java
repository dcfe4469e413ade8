package org.smpvisor.variant;

import static org.smpvisor.variant.Bug.Tool.*;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * A bug that Xen once had and that can be put back, to see whether the tools find it. All are off by default. A letter behind
 * the number tells apart several ways to have the same bug. Some cannot be switched on yet, see {@link #waitsFor()}.
 */
public enum Bug {
    XB_001(
            "378384399e",
            Place.RETIRED_TARGET,
            "the clean-up of a list register takes the rank lock, inside the vCPU's lock, to look up where the interrupt goes",
            LOCKS,
            DEADLOCK),
    XB_001W(
            "378384399e",
            Place.RETIRED_TARGET,
            "the clean-up of a list register looks up where the interrupt goes by a plain load, while others write it",
            RACE),
    XB_002(
            "43208a9cb4",
            Place.PRIORITY,
            "injection takes the rank lock to read the priority, also where a write to the route holds that lock already",
            LOCKS,
            DEADLOCK),
    XB_008(
            "0ddaefffbf",
            Place.DISABLE_LOCKS,
            "switching an interrupt off takes the rank's and the descriptor's lock with interrupts open",
            LOCKS,
            DEADLOCK),
    XB_009(
            "8fb3fc7693",
            Place.CLEAR_PENDING_LOCK,
            "a write to ICPENDR takes the vCPU's lock with interrupts open",
            LOCKS,
            DEADLOCK),
    XB_011(
            "9a4824d203",
            Place.HOST_GIC_LOCK,
            "the driver opens interrupts when it drops its lock, although its caller holds another one and had them masked",
            LOCKS,
            DEADLOCK),
    XB_012(
            "446df2f733",
            Place.PRIORITY,
            "injection reads the priority under the rank lock, which a write to the priorities takes with interrupts open",
            LOCKS,
            DEADLOCK),
    XB_012W(
            "446df2f733",
            Place.PRIORITY,
            "injection reads the priority by a plain load, without the rank lock under which it is written",
            RACE),
    XB_013(
            "3ed885a887",
            Place.NESTED_TRAP,
            "a trap of Xen's own code, such as a warning, opens interrupts although they were masked",
            LOCKS,
            DEADLOCK),
    XB_014(
            "8ccfba815c",
            Place.SGI_PRIORITY,
            "Xen's SGIs are no more urgent than device interrupts: two handlers that call each other's pCPU wait for ever",
            DEADLOCK),
    XB_015(
            "5f2df45ead",
            null,
            "event channels are sent under a lock with interrupts masked",
            "event channels",
            LOCKS,
            DEADLOCK),
    XB_026(
            "31bc6a93a0",
            Place.RETIRE_ORDER,
            "a migrating interrupt gets its new physical route before it has left the old vCPU's list",
            Set.of(Quirk.H3),
            AUDIT,
            HISTORY),
    XB_026W(
            "31bc6a93a0",
            Place.RETIRE_ORDER,
            "nothing orders a migrating interrupt's leave of the old vCPU's list before its new physical route",
            Set.of(Quirk.H3),
            "a driver that sets the route without its lock, the taking of which is a full barrier in Xen on Arm",
            RACE,
            LITMUS),
    XB_027(
            "91ef736493",
            Place.REFUSED_MOVE,
            "a second move of an interrupt that is still migrating is not refused but writes the target at once",
            LOCKS,
            AUDIT,
            RACE),
    XB_029A(
            "5b3a817ea3",
            Place.ENABLE_VCPU,
            "switching an SPI on or off works on the lists of the vCPU that writes instead of the target's",
            AUDIT,
            HISTORY),
    XB_029B(
            "5b3a817ea3",
            Place.ENABLE_APPLY,
            "the rank lock is dropped between the write to the enable register and what follows from it",
            AUDIT,
            HISTORY),
    XB_030(
            "5f66da6590",
            Place.MOVE_TESTS,
            "whether an interrupt is in flight or migrating is looked at before the lock is taken that a move needs",
            AUDIT,
            HISTORY),
    XB_039(
            "9f5179a4ec",
            Place.SWITCH_MASK,
            "interrupts are open for a moment between the saving of one vCPU and the loading of the next",
            AUDIT,
            HISTORY),
    XB_046(
            "c84e4b2dd4",
            Place.REASSERT,
            "a disabled interrupt that is raised again is looked for in a list register in which it is not",
            AUDIT),
    XB_048A(
            "394b7e587b",
            Place.ACTIVE_QUEUED,
            "a second instance of an interrupt that the guest is handling is taken for one that is still pending",
            HISTORY,
            AUDIT),
    XB_048B(
            "394b7e587b",
            Place.REASSERT,
            "a second instance does not look at the list register of the first, not even on the pCPU that has it loaded",
            Set.of(Quirk.SV4),
            AUDIT,
            HISTORY),
    XB_049(
            "5495a512b6",
            Place.KICK_INFLIGHT,
            "a second instance of an interrupt that is in flight does not kick the vCPU",
            AUDIT,
            HISTORY),
    XB_052(
            "bad717f845",
            Place.ALL_FULL,
            "with 32 list registers or more, which a GICv2 can have, Xen never notices that all are in use",
            AUDIT),
    XB_055(
            "885aff8e42",
            null,
            "nobody lowers the line of a level-sensitive virtual interrupt",
            "the new virtual GIC",
            AUDIT),
    XB_057(
            "8aa276235b",
            Place.SPURIOUS_END,
            "an interrupt that is taken away between acknowledge and handling is not ended",
            AUDIT,
            HISTORY),
    XB_059(
            "50d8fe8fcb",
            Place.DESC_STATUS,
            "the clean-up of a list register changes the descriptor's status by a load and a store instead of atomically",
            AUDIT,
            RACE),
    XB_062(
            "fd13be7743",
            Place.DEACTIVATION,
            "an SPI is deactivated on the pCPU where the guest ends it, and the GIC wants the one that acknowledged it",
            HISTORY,
            AUDIT),
    XB_070("bccfbe70a3", null, "a new LPI is taken for an old one of the same number", "LPIs", AUDIT),
    XB_071A("0c899a9f6f", Place.KICK_SGI, "no SGI is sent to a vCPU that runs on another pCPU", AUDIT, HISTORY),
    XB_071B(
            "0c899a9f6f",
            Place.KICK_INFLIGHT,
            "whether the vCPU runs is looked at before the interrupt is queued, and the SGI left out if it did not",
            AUDIT,
            HISTORY),
    XB_073("109e8177fd", Place.BLOCK, "a vCPU looks for events before it says that it blocks", AUDIT, HISTORY),
    XB_073W(
            "109e8177fd",
            Place.BLOCK,
            "a vCPU says that it blocks by a store that may be overtaken by the look for events",
            "a look for events that reads before it takes the vGIC lock, the taking of which is a full barrier in Xen on Arm",
            LITMUS),
    XB_079(
            "555e5f1bd2",
            Place.CALL_ORDER,
            "the SGI of a cross call is sent before its payload is written",
            MODEL,
            HISTORY),
    XB_079W(
            "555e5f1bd2",
            Place.CALL_ORDER,
            "nothing but the SGI itself orders the payload of a cross call: a plain store, no barrier after the acknowledge,"
                    + " a plain load",
            RACE),
    XB_094("112992b05b", null, "the count of event channels is seen before the channels", "event channels", LITMUS),
    XB_098("0e9d647aca", null, "a FIFO of events is destroyed while it grows", "event channels", AUDIT),
    XB_101("71ac522909", null, "pollers are woken before the event is linked", "event channels", AUDIT),
    XB_102("e33d4257fc", null, "an event is linked behind a tail that has left the queue", "event channels", AUDIT),
    XB_105(
            "6f6f07b64c",
            null,
            "the last queue of an event is recorded from fields that change",
            "event channels",
            AUDIT);

    /** Kinds of tool that must find a bug. */
    public enum Tool {
        /** The validator of locking, from one run of each path. */
        LOCKS,
        /** The controlled engine's verdict that nobody can go on, or that nothing ends. */
        DEADLOCK,
        /** The history of each interrupt. */
        HISTORY,
        /** The state at rest. */
        AUDIT,
        /** Code of the model stumbles over what it finds. */
        MODEL,
        /** A detector of data races. */
        RACE,
        /** Tests of memory ordering. */
        LITMUS;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Where in the model a bug can be put back: one at a time. */
    public enum Place {
        RETIRED_TARGET("the look-up of the target when a list register is cleaned"),
        PRIORITY("the look-up of the priority in injection"),
        DISABLE_LOCKS("the locks that a write to ICENABLER takes"),
        CLEAR_PENDING_LOCK("the lock that a write to ICPENDR takes"),
        HOST_GIC_LOCK("the host GIC lock in the driver's enable and disable"),
        NESTED_TRAP("the interrupt mask in a trap of Xen's own code"),
        SGI_PRIORITY("the priority of Xen's SGIs"),
        RETIRE_ORDER("the order of steps when a migration ends"),
        REFUSED_MOVE("what a refused move leaves behind"),
        ENABLE_VCPU("whose lists an enable and a disable work on"),
        ENABLE_APPLY("the rank lock while an enable or a disable is applied"),
        MOVE_TESTS("when a move looks at the interrupt"),
        SWITCH_MASK("the interrupt mask in the context switch"),
        REASSERT("what is done for an interrupt that is raised while it is in flight"),
        ACTIVE_QUEUED("what becomes of a second instance of an active interrupt"),
        KICK_INFLIGHT("whether an injection kicks"),
        SPURIOUS_END("the end of an interrupt that nobody wants any more"),
        ALL_FULL("whether all list registers are in use"),
        DESC_STATUS("how the clean-up of a list register changes the descriptor's status"),
        DEACTIVATION("which pCPU may deactivate an SPI"),
        KICK_SGI("the SGI of a kick"),
        BLOCK("the order of blocking and looking"),
        CALL_ORDER("the order of payload and SGI in a cross call");

        private final String what;

        Place(String what) {
            this.what = what;
        }

        @Override
        public String toString() {
            return what;
        }
    }

    private final String commit;
    private final Place place;
    private final String what;
    private final Set<Quirk> asInXen;
    private final String waitsFor;
    private final List<Tool> tools;

    Bug(String commit, Place place, String what, Tool... tools) {
        this(commit, place, what, Set.of(), null, tools);
    }

    Bug(String commit, Place place, String what, Set<Quirk> asInXen, Tool... tools) {
        this(commit, place, what, asInXen, null, tools);
    }

    Bug(String commit, Place place, String what, String waitsFor, Tool... tools) {
        this(commit, place, what, Set.of(), waitsFor, tools);
    }

    Bug(String commit, Place place, String what, Set<Quirk> asInXen, String waitsFor, Tool... tools) {
        this.commit = commit;
        this.place = place;
        this.what = what;
        this.asInXen = asInXen;
        this.waitsFor = waitsFor;
        this.tools = List.of(tools);
    }

    /** Its name for people: {@code XB-001}, {@code XB-029a}. */
    public String id() {
        return name().replace('_', '-')
                .replaceAll("(?<=\\d)A$", "a")
                .replaceAll("(?<=\\d)B$", "b")
                .replaceAll("(?<=\\d)W$", "w");
    }

    /** The bug with that id, in any case; {@code XB-029} alone names none. */
    public static Optional<Bug> named(String id) {
        for (Bug b : values()) {
            if (b.id().equalsIgnoreCase(id)) {
                return Optional.of(b);
            }
        }
        return Optional.empty();
    }

    /** The commit of Xen that mended it and that the variant undoes. */
    public String commit() {
        return commit;
    }

    /** Where it is put back, {@code null} if the model has no such place yet. */
    public Place place() {
        return place;
    }

    /** One sentence. */
    public String what() {
        return what;
    }

    /** Quirks whose corrected rule would hide it: it is hunted with these as Xen has them. */
    public Set<Quirk> asInXen() {
        return asInXen;
    }

    /** What the model or the tools lack before it can be found; {@code null} if nothing. */
    public String waitsFor() {
        return waitsFor;
    }

    /** Whether it can be switched on. */
    public boolean isSwitchable() {
        return place != null;
    }

    /** Whether the tools are expected to find it. */
    public boolean isHunted() {
        return isSwitchable() && waitsFor == null;
    }

    /** The tools of which one must find it. */
    public List<Tool> tools() {
        return tools;
    }
}

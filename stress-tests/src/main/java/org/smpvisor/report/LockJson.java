package org.smpvisor.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.smpvisor.lock.LockClass;
import org.smpvisor.lock.LockCycle;
import org.smpvisor.lock.LockEdge;
import org.smpvisor.lock.LockRecord;
import org.smpvisor.lock.LockViolation;
import org.smpvisor.lock.XenEdge;

/** A study of the order of locks as one JSON object. */
public final class LockJson {
    private static final ObjectMapper MAPPER = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final LockStudy study;

    public LockJson(LockStudy study) {
        this.study = study;
    }

    /** The object as text. */
    public String text() {
        Map<String, Object> d = new LinkedHashMap<>();
        d.put("format", "smpvisor-locks-1");
        d.put("sound", !study.failed());
        d.put("conclusion", new LockText(study).conclusion());
        d.put("runs", study.runs().stream().map(LockJson::run).toList());
        d.put("classes", study.locks().uses().stream().map(LockJson::use).toList());
        d.put("nestings", study.pairs().stream().map(LockJson::pair).toList());
        d.put("xenEdges", List.of(XenEdge.values()).stream().map(this::row).toList());
        d.put("edges", study.locks().edges().stream().map(LockJson::edge).toList());
        d.put("cycles", study.locks().cycles().stream().map(this::cycle).toList());
        d.put(
                "violations",
                study.locks().violations().stream().map(this::violation).toList());
        try {
            return MAPPER.writeValueAsString(d);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, Object> run(LockStudy.Run r) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("scenario", r.scenario());
        m.put("pcpus", r.pcpus());
        m.put("seed", r.seed());
        m.put("seconds", r.seconds());
        m.put("verdict", r.verdict());
        return m;
    }

    private static Map<String, Object> use(LockRecord.Use u) {
        Map<String, Object> m = new LinkedHashMap<>();
        LockClass c = u.lock();
        m.put("class", c.name());
        m.put("xenName", c.xenName());
        m.put("declaredInside", c.inside());
        m.put("nesting", c.nesting());
        m.put("taken", u.acquisitions());
        m.put("contexts", new TreeMap<>(u.taken()));
        m.put("contended", u.contended());
        m.put("waitNanos", times(u.waits()));
        m.put("holdNanos", times(u.holds()));
        return m;
    }

    private static Map<String, Object> times(Histogram h) {
        Map<String, Object> m = new LinkedHashMap<>();
        boolean any = h.getTotalCount() > 0;
        m.put("count", h.getTotalCount());
        m.put("min", any ? h.getMinValue() : 0);
        m.put("mean", any ? Math.round(h.getMean()) : 0);
        m.put("p50", h.getValueAtPercentile(50));
        m.put("p99", h.getValueAtPercentile(99));
        m.put("max", any ? h.getMaxValue() : 0);
        return m;
    }

    private static Map<String, Object> pair(LockStudy.Pair p) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("outer", p.outer());
        m.put("inner", p.inner());
        m.put("count", p.count());
        m.put("direct", p.isDirect());
        m.put("standing", p.standing());
        m.put("rows", p.rows());
        return m;
    }

    private Map<String, Object> row(XenEdge x) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("name", x.name());
        m.put("outer", x.outer());
        m.put("inner", x.inner());
        m.put("hardInterrupt", x.isHard());
        m.put("when", x.when());
        m.put("functions", x.functions());
        m.put("modelled", x.isModelled());
        m.put("state", study.state(x).text());
        return m;
    }

    private static Map<String, Object> edge(LockEdge e) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("kind", e.kind());
        m.put("outer", e.outerName());
        m.put("inner", e.innerName());
        m.put("outerRead", e.outerRead());
        m.put("innerRead", e.innerRead());
        m.put("outerLock", e.outerLock());
        m.put("innerLock", e.innerLock());
        m.put("contexts", new TreeMap<>(e.counts()));
        m.put("pcpus", e.pcpus());
        m.put("gates", e.gates());
        m.put("direct", e.direct());
        m.put("functions", e.functions().stream().sorted().toList());
        m.put("outerStack", e.outerStack().lines().map(String::strip).toList());
        m.put("stack", e.stack().lines().map(String::strip).toList());
        return m;
    }

    private Map<String, Object> cycle(LockCycle c) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("standing", c.standing());
        m.put("path", c.path());
        m.put("instances", c.instances());
        m.put("closesOnInstances", c.closesOnInstances());
        m.put("reason", c.reason());
        m.put("source", study.source(c));
        m.put("edges", c.edges().stream().map(LockEdge::arrow).toList());
        return m;
    }

    private Map<String, Object> violation(LockViolation v) {
        Map<String, Object> m = new LinkedHashMap<>();
        m.put("rule", v.rule());
        m.put("class", v.lock());
        m.put("other", v.other());
        m.put("text", v.text());
        m.put("explainedBy", study.explained().get(v));
        m.put("source", study.source(v));
        m.put("here", v.here().lines().map(String::strip).toList());
        m.put("there", v.there().lines().map(String::strip).toList());
        m.put("cycle", v.cycle() == null ? null : cycle(v.cycle()));
        return m;
    }
}

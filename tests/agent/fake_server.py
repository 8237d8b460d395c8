#!/usr/bin/env python3
"""A fake Anthropic and a fake OpenAI server, and a fake proxy, on loopback. Real HTTP; every fault on demand.

As "fake_server.py answer PLAN [MEETING]" it is an agent command instead: see `command`.

Prints "http PORT", with a certificate and key as arguments also "https PORT", then serves until its standard
input ends. The scenario is the model's name up to a colon (what follows only tells calls apart):
see `scenario` below. GET /log gives what arrived: [{path, headers, body, absolute}]."""

import itertools
import json
import os
import re
import ssl
import sys
import threading
import time
import zlib
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOG, HITS, LOCK = [], {}, threading.Lock()
ANSWER = {"title": "wider tiles", "score": 7}
SLOW = 30  # seconds; nobody waits that long: the client gives up, and the process ends with its input


def anthropic_events(text, stop, cut):
    def event(kind, **more):
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n"

    usage = {"input_tokens": 11, "cache_read_input_tokens": 300, "cache_creation_input_tokens": 5, "output_tokens": 1}
    yield event("message_start", message={"id": "m", "role": "assistant", "content": [], "usage": usage})
    yield event("ping")
    if text:
        yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Here {it} is."})
        yield event("content_block_stop", index=0)
    block = {"type": "tool_use", "id": "t", "name": "pitch", "input": {}}
    yield event("content_block_start", index=1, content_block=block)
    for part in pieces(text):
        yield event("content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": part})
    if cut:
        return
    yield event("content_block_stop", index=1)
    yield event("message_delta", delta={"stop_reason": stop}, usage={"output_tokens": 42})
    yield event("message_stop")


def anthropic_whole(text, stop):
    content = [{"type": "text", "text": "Here {it} is."}]
    try:
        content.append({"type": "tool_use", "id": "t", "name": "pitch", "input": json.loads(text)})
    except ValueError:
        content = [{"type": "text", "text": text}] if text else []
    usage = {"input_tokens": 11, "cache_read_input_tokens": 300, "cache_creation_input_tokens": 5, "output_tokens": 42}
    return {"type": "message", "role": "assistant", "content": content, "stop_reason": stop, "usage": usage}


OPENAI_USAGE = {"prompt_tokens": 316, "completion_tokens": 42, "prompt_tokens_details": {"cached_tokens": 300}}


def openai_events(text, stop, cut):
    def chunk(**more):
        return f"data: {json.dumps({'object': 'chat.completion.chunk', **more})}\n\n"

    yield chunk(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
    for part in pieces(text):
        yield chunk(choices=[{"index": 0, "delta": {"content": part}, "finish_reason": None}])
    if cut:
        return
    yield chunk(choices=[{"index": 0, "delta": {}, "finish_reason": stop}])
    yield chunk(choices=[], usage=OPENAI_USAGE)
    yield "data: [DONE]\n\n"


def openai_whole(text, stop):
    message = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "message": message, "finish_reason": stop}], "usage": OPENAI_USAGE}


def pieces(text):
    step = 7 if len(text) < 4096 else 65536
    return [text[i : i + step] for i in range(0, len(text), step)]


# Sensible answers to a season's questions, made from the schema and the text of the question. A plan is
# "NUMBER:FAULT.ROUND,FAULT.ROUND..."; the number keeps contestants from pitching the same. The question for an
# entry names no round: there it is the how-manieth call of that model.


def branch(schema):  # of a nullable schema, what is not null
    return next((s for s in schema.get("anyOf", []) if s.get("type") != "null"), schema)


def choices(schema):
    return [v for s in schema.get("anyOf", [schema]) for v in s.get("enum", [])]


def knobs_of(inner):
    return branch(inner.get("setting", {})).get("properties", {})


def season_round(text):
    found = re.search(r"round (\d+)", text)
    return int(found.group(1)) if found else 0


def faults_of(plan, now):
    return [f.rpartition(".")[0] for f in plan.partition(":")[2].split(",") if f.endswith(f".{now}")]


FORECAST = {"p_compiles": 0.9, "p_correct": 0.8, "p_faster": 0.6, "speedup": {"q10": 0.9, "q50": 1.2, "q90": 1.5}}


def season_pitch(inner, plan, text, now):
    knobs = knobs_of(inner)
    # What no machine of the tests has is called big.
    all_settings = list(itertools.product(*([v for v in choices(k) if v != "big"] for k in knobs.values())))
    which = int(plan.partition(":")[0]) * 9 + now
    setting = dict(zip(knobs, all_settings[which * 7 % len(all_settings)]))
    forecast = json.loads(json.dumps(FORECAST))
    faults = faults_of(plan, now)
    if "bad-forecast" in faults or ("bad-forecast-once" in faults and "answered this before" not in text):
        forecast["speedup"]["q90"] = 0.1
    claims = {}
    for name, claim in inner["claims"]["properties"].items():
        claims[name] = choices(claim)[0] if choices(claim) else 1
    claims["predicted"] = {name: None for name in inner["claims"]["properties"]["predicted"]["properties"]}
    kind = re.search(r"kind (\w+)", text)
    title = "set " + " ".join(f"{k} {v}" for k, v in setting.items())
    return {
        "title": title,
        "kind": kind.group(1) if kind else "optimisation",
        "problem": "the loop is slow",
        "solution": title,
        "impact": "1.2 times, as the last ones",
        "complexity": "low",
        "risks": [{"risk": "none known", "mitigation": "the check"}],
        "evidence": "arithmetic",
        "rollback": "keep the incumbent",
        "claims": claims,
        "setting": setting,
        "forecast": forecast,
        "refuted_by": "a duel",
        "analysis": "it differs",
    }


def season_ballot(inner, plan):
    ids = list(inner["scores"]["properties"])
    scores = {}
    for i in ids:
        speedup = zlib.crc32((i + plan.partition(":")[0]).encode()) % 60 / 10 + 4
        scores[i] = {"speedup": speedup, "ease": 6, "safety": 7, "quality": 7}
    vote = max(ids, key=lambda i: (scores[i]["speedup"], i))
    return {
        "reasoning": "the numbers",
        "scores": scores,
        "forecasts": {i: FORECAST for i in ids},
        "concerns": [],
        "abstain": [],
        "veto": [],
        "vote": vote,
    }


def season_entry(inner, plan, text, context, now):
    """The pitch's setting; by edits of the incumbent's only line where the plan says so."""
    setting = {}
    for name, knob in knobs_of(inner).items():
        found = re.search(rf"\b{re.escape(name)}=(\S+)", text)
        fits = [v for v in choices(knob) if found and str(v) == found.group(1)]
        setting[name] = fits[0] if fits else choices(knob)[0]
    entry = {"setting": setting, "edits": None, "source": None}
    faults = faults_of(plan, now)
    if "edits" not in faults:
        return entry
    line = " ".join(f"{k}={v}" for k, v in setting.items())
    search = re.search(r"```c\n(.*?)\n", context).group(1)
    if "bad-search-once" in faults and "answered this before" not in text:
        search = "what stands nowhere"
    return {**entry, "setting": None, "edits": [{"search": search, "replace": line}]}


def season_answer(schema, plan, text, context, now):
    name, inner = next(iter(schema["properties"].items()))
    inner = inner["properties"]
    if name == "pitch":
        return {name: season_pitch(inner, plan, text, now)}
    if name == "ballot":
        return {name: season_ballot(inner, plan)}
    return {name: season_entry(inner, plan, text, context, now)}


def command(plan, meeting):
    """An agent command. It holds a lock in its HOME, as tools with one configuration do, and with a meeting
    (a folder) waits there for the other of two commands, which proves that both run at once."""
    os.open(os.path.join(os.environ["HOME"], "lock"), os.O_CREAT | os.O_EXCL)
    request = json.load(sys.stdin)
    now = season_round(request["ask"])
    if meeting:
        here = f"{request['name']}.{now}"
        open(os.path.join(meeting, f"{here}.{plan.partition(':')[0]}"), "w").close()
        end = time.monotonic() + SLOW
        while sum(f.startswith(here + ".") for f in os.listdir(meeting)) < 2:
            if time.monotonic() > end:
                sys.exit("the other one never came")
            time.sleep(0.01)
    print(json.dumps(season_answer(request["schema"], plan, request["ask"], request["context"], now)))


MEETING = threading.Barrier(4)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def handle(self):
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            pass  # the client gave up, as it should

    def do_GET(self):
        with LOCK:
            data = json.dumps(LOG).encode()
        self.whole(200, data)

    def do_CONNECT(self):
        with LOCK:
            LOG.append({"path": self.path, "headers": dict(self.headers), "body": None, "absolute": True})
        self.whole(403, b"{}")

    def whole(self, status, data, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def error(self, status, message, **headers):
        self.whole(status, json.dumps({"type": "error", "error": {"type": "x", "message": message}}).encode(), **headers)

    def drop(self):
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()

    def do_POST(self):
        absolute = self.path.startswith("http://")
        path = "/" + self.path.split("/", 3)[3] if absolute else self.path
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.loads(raw)
        model = body.get("model", "")
        with LOCK:
            LOG.append({"path": path, "headers": dict(self.headers), "body": body, "absolute": absolute})
            HITS[model] = HITS.get(model, 0) + 1
            hit = HITS[model]
        getattr(self, "scenario_" + model.split(":")[0].replace("-", "_"))(path, body, hit)

    # How an answer is given.

    def answer(self, path, body, text, stop=None, cut=False, kind="text/event-stream"):
        messages = path.endswith("/v1/messages")
        if not body.get("stream"):
            stop = stop or ("tool_use" if messages else "stop")
            data = json.dumps(anthropic_whole(text, stop) if messages else openai_whole(text, stop)).encode()
            if not cut:
                return self.whole(200, data)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])
            return self.drop()
        make = anthropic_events if messages else openai_events
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in make(text, stop or ("tool_use" if messages else "stop"), cut):
            self.chunk(event)
        if cut:
            return self.drop()
        self.wfile.write(b"0\r\n\r\n")

    def chunk(self, text):
        data = text.encode()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    # The scenarios.

    def scenario_season(self, path, body, hit):  # season:PLAN
        plan = body["model"].partition(":")[2]
        if path.endswith("/v1/messages"):
            schema, context = body["tools"][0]["input_schema"], body["system"][0]["text"]
            text = body["messages"][0]["content"][0]["text"]
        else:
            schema = body["response_format"]["json_schema"]["schema"]
            context, text = (m["content"] for m in body["messages"])
        now = season_round(text) or hit
        for fault in faults_of(plan, now):
            if fault == "slow-once" and hit == 1:
                time.sleep(SLOW)
            if fault == "meet":  # four contestants, or nobody gets an answer
                try:
                    MEETING.wait(SLOW)
                except threading.BrokenBarrierError:
                    return self.error(500, "the others never came")
            elif hasattr(self, "scenario_" + fault.replace("-", "_")):
                return getattr(self, "scenario_" + fault.replace("-", "_"))(path, body, hit)
        self.answer(path, body, json.dumps(season_answer(schema, plan, text, context, now)))

    def scenario_good(self, path, body, hit):
        self.answer(path, body, json.dumps(ANSWER))

    def scenario_plain(self, path, body, hit):  # events under another type
        self.answer(path, body, json.dumps(ANSWER), kind="text/plain")

    def scenario_unstreamed(self, path, body, hit):  # a server that does not know of streaming
        self.answer(path, {**body, "stream": False}, json.dumps(ANSWER))

    def scenario_unauthorised(self, path, body, hit):
        key = self.headers.get("x-api-key") or self.headers.get("Authorization") or "no key"
        self.error(401, f"invalid key: {key}")

    def scenario_limited(self, path, body, hit):
        self.error(429, "too many", Retry_After="0")

    def scenario_limited_once(self, path, body, hit):
        if hit == 1:
            return self.error(429, "too many", Retry_After="1")
        self.scenario_good(path, body, hit)

    def scenario_limited_date(self, path, body, hit):
        if hit == 1:
            return self.error(429, "too many", Retry_After=formatdate(time.time() + 2, usegmt=True))
        self.scenario_good(path, body, hit)

    def scenario_limited_long(self, path, body, hit):
        self.error(429, "too many", Retry_After="3600")

    def scenario_spent(self, path, body, hit):
        self.whole(429, b'{"error": {"message": "pay", "code": "insufficient_quota"}}')

    def scenario_server_error(self, path, body, hit):
        self.error(500, "out of order")

    def scenario_server_error_twice(self, path, body, hit):
        if hit <= 2:
            return self.error(529 if hit == 1 else 503, "overloaded")
        self.scenario_good(path, body, hit)

    def scenario_refused(self, path, body, hit):
        self.error(404, "no such model")

    def scenario_redirect(self, path, body, hit):
        self.whole(307, b"", Location="/elsewhere")

    def scenario_slow_first(self, path, body, hit):
        time.sleep(SLOW)

    def scenario_slow_header(self, path, body, hit):  # a status, and nothing more
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if body.get("stream") else "application/json")
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.flush()
        time.sleep(SLOW)

    def scenario_idle(self, path, body, hit):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if body.get("stream") else "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        make = anthropic_events if path.endswith("/v1/messages") else openai_events
        if body.get("stream"):
            for event in make(json.dumps(ANSWER), "x", True):
                self.chunk(event)
        else:
            self.chunk('{"content": [')
        self.wfile.flush()
        time.sleep(SLOW)

    def scenario_drip(self, path, body, hit):  # never idle, never done
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for _ in range(SLOW * 50):
            self.chunk(": still here\n\n")
            self.wfile.flush()
            time.sleep(0.02)

    def scenario_no_end(self, path, body, hit):  # all of the answer, without the event that ends it
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        make = anthropic_events if path.endswith("/v1/messages") else openai_events
        for event in list(make(json.dumps(ANSWER), "stop", False))[:-1]:
            self.chunk(event)
        self.wfile.flush()
        time.sleep(SLOW)

    def scenario_hang_after_end(self, path, body, hit):
        self.answer(path, body, json.dumps(ANSWER))
        self.wfile.flush()
        time.sleep(SLOW)

    def scenario_dropped(self, path, body, hit):
        self.answer(path, body, json.dumps(ANSWER), cut=True)

    def scenario_dropped_at_once(self, path, body, hit):
        self.drop()

    def scenario_dropped_clean(self, path, body, hit):  # the stream ends in order, the answer does not
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        make = anthropic_events if path.endswith("/v1/messages") else openai_events
        self.wfile.write("".join(make(json.dumps(ANSWER), "x", True)).encode())
        self.drop()

    def scenario_malformed(self, path, body, hit):
        if not body.get("stream"):
            return self.whole(200, b'{"content": [}')
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b'data: {"type": "message_start", \n\n')
        self.close_connection = True

    def scenario_html(self, path, body, hit):
        self.send_response(200)
        data = b"<html>Please log in</html>"
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def scenario_other_json(self, path, body, hit):
        self.whole(200, b'{"hello": "world"}')

    def scenario_not_http(self, path, body, hit):
        self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        self.drop()

    def scenario_wrong_schema(self, path, body, hit):
        self.answer(path, body, json.dumps({"title": 3, "score": "high"}))

    def scenario_wrong_once(self, path, body, hit):
        self.answer(path, body, json.dumps(ANSWER if hit > 1 else {"title": 3, "score": "high"}))

    def scenario_nonsense(self, path, body, hit):
        self.answer(path, body, "I would rather not, but thank you for asking.")

    def scenario_chatty(self, path, body, hit):
        self.answer(path, body, "Sure:\n```json\n" + json.dumps(ANSWER) + "\n```\nGood luck!")

    def scenario_thinking(self, path, body, hit):
        self.answer(path, body, '<think>{"title": "no"} hm</think>\n' + json.dumps(ANSWER))

    def scenario_cut_tokens(self, path, body, hit):
        stop = "max_tokens" if path.endswith("/v1/messages") else "length"
        self.answer(path, body, '{"score": 7, "title": "wider til', stop=stop)

    def scenario_huge(self, path, body, hit):
        self.answer(path, body, json.dumps({"title": "x" * (10 << 20), "score": 1}))

    def scenario_huge_event(self, path, body, hit):  # one line without end
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"data: " + b"x" * (10 << 20))
        self.close_connection = True

    def scenario_huge_error(self, path, body, hit):
        self.whole(400, b"e" * (10 << 20))

    def scenario_empty(self, path, body, hit):
        self.answer(path, body, "")

    def scenario_no_body(self, path, body, hit):
        self.whole(200, b"")

    def scenario_refusal(self, path, body, hit):
        if path.endswith("/v1/messages"):
            return self.whole(200, json.dumps(anthropic_whole("I cannot do that.", "refusal")).encode())
        message = {"role": "assistant", "content": None, "refusal": "I cannot do that."}
        self.whole(200, json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode())

    def scenario_error_event(self, path, body, hit):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        error = {"type": "overloaded_error", "message": "come back later"}
        self.wfile.write(f"event: error\ndata: {json.dumps({'type': 'error', 'error': error})}\n\n".encode())
        self.close_connection = True

    def scenario_leak(self, path, body, hit):  # a server that gives the key back as an answer
        key = self.headers.get("x-api-key") or self.headers.get("Authorization", "none")[7:]
        self.answer(path, body, json.dumps({"title": f"your key is {key}", "score": 1}))

    def scenario_leak_escaped(self, path, body, hit):  # the same, written so that no search of the text finds it
        key = self.headers.get("x-api-key") or self.headers.get("Authorization", "none")[7:]
        hidden = "".join(f"\\u{ord(c):04x}" for c in key)
        self.answer(path, body, f'{{"title": "your key is {hidden}", "score": 1}}')

    def scenario_leak_wrong(self, path, body, hit):
        key = self.headers.get("x-api-key") or self.headers.get("Authorization", "none")[7:]
        self.answer(path, body, json.dumps({"title": 3, key: key}))

    def scenario_leak_500(self, path, body, hit):
        key = self.headers.get("x-api-key") or self.headers.get("Authorization", "none")[7:]
        self.whole(500, json.dumps({"error": {"message": f"stack trace with {key}"}}).encode())

    # Servers that take less than they are given.

    def scenario_no_schema(self, path, body, hit):
        if body.get("response_format", {}).get("type") == "json_schema":
            return self.error(400, "This response_format type is unavailable now")
        self.scenario_good(path, body, hit)

    def scenario_no_format(self, path, body, hit):
        if "response_format" in body:
            return self.whole(422, b'{"detail": "response_format: extra fields not permitted"}')
        self.scenario_good(path, body, hit)

    def scenario_old(self, path, body, hit):
        if "stream_options" in body:
            return self.error(400, "Unrecognized request argument supplied: stream_options")
        if body.get("response_format", {}).get("type") == "json_schema":
            return self.error(400, "response_format.type must be text or json_object")
        if body.get("stream"):
            return self.error(400, "stream is not implemented")
        self.scenario_good(path, body, hit)

    def scenario_tight(self, path, body, hit):
        if "max_tokens" in body:
            return self.error(400, "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum "
                                   "context length is 8192 tokens and your request has 3000 input tokens.")
        self.scenario_good(path, body, hit)

    def scenario_small(self, path, body, hit):
        self.error(400, "request (9000 tokens) exceeds the available context size (4096 tokens), try increasing it")

    def scenario_grammar(self, path, body, hit):
        if body.get("response_format", {}).get("type") == "json_schema":
            return self.error(500, "failed to parse grammar")
        self.scenario_good(path, body, hit)

    def scenario_new(self, path, body, hit):
        if "max_tokens" in body:
            return self.error(400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.")
        self.scenario_good(path, body, hit)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


def main():
    if len(sys.argv) > 2 and sys.argv[1] == "answer":
        return command(sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else None)
    server = Server(("127.0.0.1", 0), Handler)
    print("http", server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    if len(sys.argv) == 3:
        secure = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1], sys.argv[2])
        secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
        print("https", secure.server_port, flush=True)
        threading.Thread(target=secure.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()

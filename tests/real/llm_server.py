#!/usr/bin/env python3
"""Serve a GGUF model on an OpenAI-compatible HTTP API (llama.cpp's own server).

    python llm_server.py --model tiny.gguf --port 8081 [--alias tiny] [--api-key KEY]
    python llm_server.py --model minilm.gguf --port 8082 --embedding
"""
import argparse
import signal
import threading

import xllamacpp as xlc


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--model", required=True)
    ap.add_argument("--alias", default="")
    ap.add_argument("--host", default="127.0.0.1")
    ap.add_argument("--port", type=int, default=8081, help="0: any free port")
    ap.add_argument("--ctx", type=int, default=16384, help="shared by all parallel requests")
    ap.add_argument("--parallel", type=int, default=4)
    ap.add_argument("--threads", type=int, default=1, help="1 is fastest for the tiny model")
    ap.add_argument("--api-key", default="")
    ap.add_argument("--seed", type=int, help="of requests that bring none: the same question gets the same answer")
    ap.add_argument("--embedding", action="store_true", help="serve /v1/embeddings (mean pooling)")
    a = ap.parse_args()

    p = xlc.CommonParams()
    p.model.path = a.model
    p.hostnames = [a.host]
    p.port = a.port
    p.n_parallel = a.parallel
    p.cpuparams.n_threads = a.threads
    p.cpuparams_batch.n_threads = a.threads
    p.endpoint_metrics = True
    p.endpoint_slots = True
    p.verbosity = 1
    p.ui = False
    if a.seed is not None:
        p.sampling.seed = a.seed
    if a.alias:
        p.model_alias = {a.alias}
    if a.api_key:
        p.api_keys = [a.api_key]
    if a.embedding:
        p.embedding = True
        p.pooling_type = xlc.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
        p.n_ctx = 512 * a.parallel
    else:
        p.n_ctx = a.ctx
    server = xlc.Server(p)
    print("ready", server.listening_address, flush=True)

    stop = threading.Event()
    for s in (signal.SIGINT, signal.SIGTERM):
        signal.signal(s, lambda *_: stop.set())
    stop.wait()


if __name__ == "__main__":
    main()

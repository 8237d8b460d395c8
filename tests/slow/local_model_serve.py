"""The server of local_model.py: llama.cpp's own, started by Python's package of it. Ends with its parent.

    local_model_serve.py FILE.gguf PORT TOKENS_OF_CONTEXT
"""
import ctypes
import signal
import sys
import time

import xllamacpp

ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
p = xllamacpp.CommonParams()
p.model.path = sys.argv[1]
p.hostnames = ["127.0.0.1"]
p.port = int(sys.argv[2])
p.n_ctx = int(sys.argv[3])
p.n_parallel = 1
p.cpuparams.n_threads = 1
p.cpuparams_batch.n_threads = 1
p.use_jinja = True
p.ui = False
server = xllamacpp.Server(p)
print("listening", server.listening_address, flush=True)
while True:
    time.sleep(3600)

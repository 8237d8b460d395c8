#!/usr/bin/env python3
"""The MCP server against the protocol's official Python SDK (the package `mcp`), versions 1 and 2 of it.

Usage: mcp_client.py SHARKTANK CHALLENGE_FOLDER. Exit status 77 with a reason where the package is missing.
The SDK checks every message against the published schema, and what a tool answers against the tool's own."""

import asyncio
import os
import sys
from pathlib import Path

try:
    import mcp
    from mcp.client.stdio import StdioServerParameters, stdio_client
except ImportError as missing:
    print(f"skipped: the Python package mcp is not installed ({missing})")
    sys.exit(77)


def plain(model):
    """As on the wire: the SDK's own names differ between its versions."""
    return model.model_dump(by_alias=True, mode="json")


def structure(result):
    result = plain(result)
    assert not result["isError"], result["content"][0]["text"]
    return result["structuredContent"]


async def must_fail(awaited, words):
    try:
        await awaited
    except Exception as error:
        assert words in str(error), error
        return
    raise AssertionError(f"no error that says {words}")


async def use(session, source):
    tools = {tool["name"]: tool for tool in plain(await session.list_tools())["tools"]}
    wanted = {"context", "roofline", "entry_source", "check", "duel", "compile_report"}
    assert set(tools) == wanted, tools.keys()
    for tool in tools.values():
        assert tool["description"] and tool["inputSchema"]["type"] == tool["outputSchema"]["type"] == "object"

    assert "sk_entry_run" in structure(await session.call_tool("context", {}))["text"]
    lights = structure(await session.call_tool("roofline", {"device": "fast"}))["shapes"]
    assert lights[0]["seconds"] > 0
    mine = structure(await session.call_tool("entry_source", {}))
    assert mine["source"] == source and not mine["truncated"]

    told = []

    async def progress(done, total, message):
        told.append((done, message))

    check = structure(await session.call_tool("check", {"source": source}, progress_callback=progress))
    assert check["verdict"] == "pass", check
    assert told and told == sorted(told, key=lambda step: step[0]), told
    report = structure(await session.call_tool("compile_report", {"source": "int x = y;"}))
    assert report["verdict"] != "ok" and "y" in report["output"]
    duel = structure(await session.call_tool("duel", {"source": "int x = y;", "seconds": 1}))
    assert duel["verdict"] == "compile_error" and duel["who"] == "B", duel
    assert duel["budget"]["calls_left"] == 0
    over = plain(await session.call_tool("check", {"source": source}))
    assert over["isError"] and "--max-calls" in over["content"][0]["text"]

    await must_fail(session.call_tool("no_such_tool", {}), "Unknown tool")
    await must_fail(session.call_tool("check", {"sauce": "x"}), "source")


async def main(program, challenge):
    source = (Path(challenge) / "entries" / "naive.c").read_text()
    server = StdioServerParameters(
        command=program, args=["mcp", "--challenge", challenge, "--max-calls", "3"], env=None
    )
    server.env = dict(os.environ)  # the cache and the parts of a build tree
    async with stdio_client(server) as (read, write):
        async with mcp.ClientSession(read, write) as session:
            hello = plain(await session.initialize())
            assert hello["protocolVersion"] == "2025-06-18", hello
            assert hello["serverInfo"]["name"] == "sharktank"
            await session.send_ping()
            await use(session, source)
    if hasattr(mcp, "Client"):  # version 2 first asks whether the server speaks the newest protocol
        async with mcp.Client(stdio_client(server)) as client:
            assert structure(await client.call_tool("entry_source", {}))["source"] == source
    print("the SDK and the server agree")


asyncio.run(asyncio.wait_for(main(sys.argv[1], sys.argv[2]), 200))

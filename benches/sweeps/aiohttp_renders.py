"""The same renders as a sweep's, as one would write them in Python: aiohttp_renders.py URL TOKEN IDS CONCURRENCY.

Renders each card whose id is a line of the file IDS, CONCURRENCY at once, and prints how many work. Nothing is saved.
"""

import asyncio
import sys

import aiohttp


async def render_some(session, url, cards):
    working = 0
    for card in cards:
        address = f"{url}/api/content/v1/cards/kpi/{card}/render?parts=dynamic,summary"
        async with session.put(address, data=b"{}") as answer:
            body = await answer.json()
            working += answer.status == 200 and body["summary"]["status"] == "success"
    return working


async def main(url, token, ids, concurrency):
    with open(ids, encoding="ascii") as lines:
        cards = iter(lines.read().split())
    headers = {"X-DOMO-Developer-Token": token, "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        renders = [render_some(session, url, cards) for _ in range(concurrency)]
        print(sum(await asyncio.gather(*renders)))


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))

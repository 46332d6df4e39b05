"""The same renders as a sweep's, as one would write them in Python: aiohttp_renders.py URL TOKEN IDS CONCURRENCY.

Renders each card whose id is a line of the file IDS, CONCURRENCY at once, and prints how many work. Nothing is saved.
"""

import asyncio
import sys

import aiohttp


async def render(session, turn, url, card):
    address = f"{url}/api/content/v1/cards/kpi/{card}/render?parts=dynamic,summary"
    async with turn, session.put(address, json={}) as answer:
        body = await answer.json()
        return answer.status == 200 and body["summary"]["status"] == "success"


async def main(url, token, ids, concurrency):
    with open(ids, encoding="ascii") as lines:
        cards = lines.read().split()
    turn = asyncio.Semaphore(concurrency)
    connector = aiohttp.TCPConnector(limit=concurrency)
    headers = {"X-DOMO-Developer-Token": token}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        print(sum(await asyncio.gather(*(render(session, turn, url, card) for card in cards))))


asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))

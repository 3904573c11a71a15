"""The shop as a service."""

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer

app = FastAPI()
bearer = HTTPBearer()


async def current_user(credentials=Depends(bearer)):
    return "real"


@app.get("/me")
async def me(user=Depends(current_user)):
    return f"hello {user}"


@app.get("/orders")
async def orders(user=Depends(current_user), credentials=Depends(bearer)):
    return []
